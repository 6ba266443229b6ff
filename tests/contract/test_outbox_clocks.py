"""A clock that ran ahead and was set back holds up nothing, over each database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from lienthong.shared.database import Database
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox.clocks import ClockWatch, forget_the_future
from lienthong.shared.outbox.leases import Failure, due_destinations, lease, note_failure
from tests.contract.buses import new_node
from tests.contract.outboxes import entry_to, outbox, queue_up

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
AHEAD = NOW + timedelta(hours=3)
LONGEST = timedelta(minutes=1)


async def _written(database: Database, node: NodeId, at: datetime) -> None:
    """One row leased and one sent at that time, and a failure noted."""
    leased, sent = await queue_up(database, [entry_to(node), entry_to(node)])
    async with database.begin() as connection:
        until = at + timedelta(seconds=15)
        await connection.execute(update(outbox).where(outbox.c.id == leased).values(lease_until=until))
        await connection.execute(update(outbox).where(outbox.c.id == sent).values(sent_at=at, overdue_at=until))
        failure = Failure(attempts=3, next_attempt_at=at + timedelta(seconds=30), error="unroutable")
        await note_failure(connection, outbox, node, failure)


async def test_what_was_written_ahead_of_its_time_is_due_at_once(sender: Database) -> None:
    node = new_node()
    await _written(sender, node, AHEAD)

    async with sender.begin() as connection:
        await forget_the_future(connection, outbox, now=NOW, longest=LONGEST)
        due = await due_destinations(connection, outbox, NOW, window=10)
        rows = await lease(connection, outbox, node, now=NOW, until=NOW + LONGEST, limit=10)

    assert node in {one.destination for one in due}
    assert len(rows) == 2


async def test_what_was_written_in_its_time_stays(sender: Database) -> None:
    node = new_node()
    await _written(sender, node, NOW)

    async with sender.begin() as connection:
        await forget_the_future(connection, outbox, now=NOW, longest=LONGEST)
        due = await due_destinations(connection, outbox, NOW, window=10)
        rows = await lease(connection, outbox, node, now=NOW, until=NOW + LONGEST, limit=10)
        sent = (await connection.execute(select(outbox.c.sent_at).where(outbox.c.destination == node))).scalars().all()

    assert node not in {one.destination for one in due}
    assert rows == []
    assert NOW in sent


@pytest.mark.parametrize(
    ("moments", "noticed"),
    [
        ([(0, 0), (10, 10), (20, 20)], [True, False, False]),
        ([(0, 0), (3600, 10), (20, 20)], [True, False, True]),
        ([(0, 0), (9.5, 10), (20, 20)], [True, False, False]),
    ],
    ids=["steady", "ahead-and-back", "disciplined"],
)
def test_a_clock_that_is_set_back_is_noticed(moments: list[tuple[float, float]], noticed: list[bool]) -> None:
    wall, steady = 0.0, 0.0
    watch = ClockWatch(lambda: NOW + timedelta(seconds=wall), steady=lambda: steady)

    found = []
    for wall, steady in moments:  # noqa: B007 — the clocks read them
        found.append(watch.was_set_back())

    assert found == noticed
