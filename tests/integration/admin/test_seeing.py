"""What operators see: destinations and alarms, over REST and by command."""

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.exchange.domain.marks import SIGNER_REVOKED
from lienthong.exchange.storage.log_schema import alarms
from lienthong.exchange.storage.schema import outbox
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid
from lienthong.shared.outbox import OutboxEntry, add
from lienthong.shared.outbox.leases import Failure, note_failure
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem
from tests.integration.admin.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG_AGO = datetime(2026, 11, 20, 2, 58, 41, tzinfo=UTC)


async def test_destinations_show_what_waits_since_when_and_what_went_wrong(network: WholeNetwork, desk: Desk) -> None:
    """The node that it is about has no broker here, so nothing moves while it is looked at."""
    node, later = NodeId("H99"), datetime.now(UTC) + timedelta(hours=1)
    failure = Failure(attempts=7, next_attempt_at=later, error="bus-unavailable")
    entries = [
        OutboxEntry(id=MessageId(new_uuid()), destination=node, envelope="a.b.c", created_at=at, priority=priority)
        for at, priority in ((LONG_AGO, 0), (later, 3))
    ]
    async with network.databases["H28"].begin() as connection:
        await note_failure(connection, outbox, node, failure)
        await add(connection, outbox, entries)

    [shown] = [one for one in await desk.ask("destinations", "--node", "H28") if one["node"] == node]
    table = await desk.type("destinations", "--node", "H28")
    async with network.databases["H28"].begin() as connection:
        await connection.execute(outbox.delete().where(outbox.c.destination == node))

    assert shown == {
        "node": node,
        "backlog": 2,
        "sent": 0,
        "oldest_at": "2026-11-20T02:58:41Z",
        "attempts": 7,
        "next_attempt_at": later.isoformat().replace("+00:00", "Z"),
        "last_error": "bus-unavailable",
        "paused": False,
        "by_priority": [{"priority": 3, "backlog": 1}, {"priority": 0, "backlog": 1}],
    }
    assert all(text in table.stdout for text in ("H99", "failing", "bus-unavailable", "2026-11-20 09:58:41", "UTC+7"))


async def test_alarms_are_listed(network: WholeNetwork, desk: Desk) -> None:
    row = {"id": new_uuid(), "node": "G22", "violation": SIGNER_REVOKED, "detail": "số 7", "rounds": 2}
    async with network.databases["H28.31"].begin() as connection:
        await connection.execute(alarms.insert().values(**row, first_seen_at=LONG_AGO, last_seen_at=LONG_AGO))

    (shown,) = await desk.ask("alarms", "--node", "H28.31")
    table = await desk.type("alarms", "--node", "H28.31", "--utc")

    assert (shown["node"], shown["violation"], shown["rounds"]) == ("G22", SIGNER_REVOKED, 2)
    assert "số 7" in table.stdout
    assert "2026-11-20 02:58:41" in table.stdout


async def test_an_agency_s_client_is_no_operator(network: WholeNetwork, desk: Desk) -> None:
    refused = await network.call("H28.31", "GET", "/v1/admin/destinations")
    told = await desk.type("destinations", who="H28.31")

    assert_problem(refused, 403, "scope-missing", hop="H28.31")
    assert (told.exit_code, "scope-missing" in told.stderr) == (1, True)


async def test_a_node_that_the_registry_does_not_know_is_said_to_be_unknown(desk: Desk) -> None:
    told = await desk.type("destinations", "--node", "H77")

    assert (told.exit_code, "node-unknown" in told.stderr) == (1, True), told
