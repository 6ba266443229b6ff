"""What the outbox and its relay promise, over each bus, database and blob store."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from lienthong.shared.blobs import BlobStore
from lienthong.shared.bus import Bus, Message
from lienthong.shared.database import Database
from lienthong.shared.identifiers import NodeId, Sha256
from lienthong.shared.outbox import OutboxEntry, Pace, add
from lienthong.shared.outbox.leases import Failure, note_failure
from lienthong.shared.outbox.steering import pause, resume, retry_now
from tests.contract.buses import LINGER, Buses, consuming, new_node
from tests.contract.outboxes import (
    SWIFT,
    backlog,
    entry_to,
    metadata,
    now,
    outbox,
    queue_up,
    receive,
    relaying,
    state_of,
    until_empty,
)
from tests.support.databases import opened


async def _store(blobs: BlobStore, folder: Path, content: bytes) -> Sha256:
    spooled = folder / "spooled"
    spooled.write_bytes(content)
    sha256 = Sha256(hashlib.sha256(content).hexdigest())
    await blobs.adopt(spooled, sha256)
    return sha256


async def test_row_is_carried_whole_with_its_body(
    buses: Buses, sender: Database, blobs: BlobStore, tmp_path: Path
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    package = b"\x00package\xff" * 20_000
    entry = entry_to(node, priority=3, body_sha256=await _store(blobs, tmp_path, package))
    await queue_up(sender, [entry])

    async with relaying(sender, bus, blobs), consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.ack()
        await until_empty(sender)

    assert received.message == Message(
        id=entry.id,
        destination=node,
        envelope=entry.envelope,
        body=package,
        priority=3,
        headers=dict(entry.headers),
    )


async def test_concurrent_relays_deliver_every_row_once(
    buses: Buses, database_url: str, sender: Database, folder: BlobStore
) -> None:
    nodes = [new_node() for _ in range(3)]
    bus = [await buses.connect(node) for node in nodes]
    sent = await queue_up(sender, [entry_to(node) for node in nodes for _ in range(80)])
    seen: list[str] = []

    async with AsyncExitStack() as running:
        for one, node in zip(bus, nodes, strict=True):
            await running.enter_async_context(_noting(one, node, seen))
        for one in bus:
            database = await running.enter_async_context(opened(database_url))
            await running.enter_async_context(relaying(database, one, folder))
        await until_empty(sender)
        await asyncio.sleep(5 * LINGER.total_seconds())

    assert sorted(seen) == sorted(sent)


@asynccontextmanager
async def _noting(bus: Bus, node: NodeId, seen: list[str]) -> AsyncIterator[None]:
    """Takes everything for ``node``, however often it comes, and notes the ids."""

    async def take_all() -> None:
        async with consuming(bus, node, size=50) as batches:
            async for batch in batches:
                seen.extend(received.message.id for received in batch)
                await asyncio.gather(*(received.ack() for received in batch))

    taking = asyncio.create_task(take_all())
    try:
        yield
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


async def test_rolled_back_transaction_sends_nothing(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)

    async def fail_after_adding() -> None:
        async with sender.begin() as connection:
            await add(connection, outbox, [entry_to(node)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_after_adding()
    committed = await queue_up(sender, [entry_to(node)])

    async with relaying(sender, bus, folder):
        assert await receive(bus, node, receiver, count=1) == committed


async def test_higher_priority_goes_first_and_then_the_oldest(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    entries = [entry_to(node, priority=priority) for priority in (0, 4, 0, 2, 4)]
    await queue_up(sender, entries)

    async with relaying(sender, bus, folder, pace=Pace(batch=1)):
        arrived = await receive(bus, node, receiver, count=5)

    assert arrived == [entries[index].id for index in (1, 4, 3, 0, 2)]


async def test_failing_destination_does_not_hold_up_others(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    away, node = sorted([new_node(), new_node()])
    bus = await buses.connect(node)
    await queue_up(sender, [entry_to(away, priority=4) for _ in range(100)])
    sent = await queue_up(sender, [entry_to(node) for _ in range(100)])

    async with relaying(sender, bus, folder):
        assert sorted(await receive(bus, node, receiver, count=100)) == sorted(sent)

    state = await state_of(sender, away)
    assert (state.backlog, state.last_error) == (100, "unroutable")
    assert state.attempts > 0
    assert state.next_attempt_at is not None


async def test_destination_that_comes_back_gets_its_backlog_and_a_clean_record(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect()
    sent = await queue_up(sender, [entry_to(node) for _ in range(3)])

    async with relaying(sender, bus, folder):
        while not await _attempts(sender, entry_to(node)):
            await asyncio.sleep(0.02)
        back = await buses.connect(node)
        assert sorted(await receive(back, node, receiver, count=3, sender=sender)) == sorted(sent)
        await until_empty(sender)
        async with asyncio.timeout(30):
            while await _attempts(sender, entry_to(node)):  # noted when the lane's last message is settled
                await asyncio.sleep(0.02)

    state = await state_of(sender, node)
    assert (state.backlog, state.attempts, state.next_attempt_at, state.last_error) == (0, 0, None, None)


async def _attempts(database: Database, entry: OutboxEntry) -> int:
    return (await state_of(database, entry.destination)).attempts


async def test_back_off_grows_with_every_failure(buses: Buses, sender: Database, folder: BlobStore) -> None:
    node = new_node()
    bus = await buses.connect()
    await queue_up(sender, [entry_to(node)])
    slow = Pace(first_delay=timedelta(milliseconds=100), longest_delay=timedelta(hours=1))

    async with relaying(sender, bus, folder, pace=slow):
        await asyncio.sleep(1.5)

    assert 3 <= (await state_of(sender, node)).attempts <= 6  # 0.05 to 0.1 s, then doubling


async def test_paused_destination_waits(buses: Buses, sender: Database, receiver: Database, folder: BlobStore) -> None:
    node, other = new_node(), new_node()
    bus, other_bus = await buses.connect(node), await buses.connect(other)
    settings = metadata.tables["outbox_destinations"]
    async with sender.begin() as connection:
        await connection.execute(settings.insert().values(destination=node, paused=True))
    held = await queue_up(sender, [entry_to(node)])
    await queue_up(sender, [entry_to(other)])

    async with relaying(sender, bus, folder):
        await receive(other_bus, other, receiver, count=1)
        await asyncio.sleep(0.3)
        assert await backlog(sender) == 1
        async with sender.begin() as connection:
            await connection.execute(update(settings).values(paused=False))
        assert await receive(bus, node, receiver, count=1) == held


async def test_row_whose_body_is_missing_does_not_hold_up_its_destination(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    await queue_up(sender, [entry_to(node, priority=4, body_sha256=Sha256("0" * 64))])
    sent = await queue_up(sender, [entry_to(node)])

    async with relaying(sender, bus, folder):
        assert await receive(bus, node, receiver, count=1) == sent
        await asyncio.sleep(0.2)

    state = await state_of(sender, node)
    assert (state.backlog - state.sent, state.attempts) == (1, 0)


async def test_lease_of_a_vanished_relay_lapses(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    (id_,) = await queue_up(sender, [entry_to(node)])
    leased_until = entry_to(node).created_at + timedelta(milliseconds=700)
    async with sender.begin() as connection:
        await connection.execute(update(outbox).values(lease_until=leased_until))

    async with relaying(sender, bus, folder):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(bus, node, receiver, count=1), 0.3)
        assert await receive(bus, node, receiver, count=1) == [id_]


async def test_stopping_relay_settles_what_is_under_way(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    await queue_up(sender, [entry_to(node) for _ in range(200)])

    async with relaying(sender, bus, folder, pace=Pace(batch=20)) as relay:
        relay.wake()
        first = await receive(bus, node, receiver, count=1)
        rest = asyncio.create_task(receive(bus, node, receiver, count=200 - len(first)))
    left = await backlog(sender)
    async with relaying(sender, bus, folder, pace=SWIFT):
        arrived = first + await rest
        await until_empty(sender)

    assert left > 0
    assert len(set(arrived)) == 200


class _Pausing:
    """A publisher whose operator pauses the destination while the first message is under way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.published: list[str] = []

    async def publish(self, message: Message) -> None:
        if not self.published:
            async with self._database.begin() as connection:
                assert await pause(connection, outbox, message.destination)
                assert not await pause(connection, outbox, message.destination)
        self.published.append(message.id)


async def test_pause_stops_a_backlog_in_the_middle_and_resume_sends_the_rest(
    database_url: str, sender: Database, folder: BlobStore
) -> None:
    node = new_node()
    sent = await queue_up(sender, [entry_to(node) for _ in range(6)])

    async with opened(database_url) as operators:
        bus = _Pausing(operators)
        async with relaying(sender, bus, folder, pace=Pace(batch=1)):
            await asyncio.sleep(0.6)
            assert (bus.published, await backlog(sender)) == (sent[:1], 5)
            async with operators.begin() as connection:
                assert await resume(connection, outbox, node)
            await until_empty(sender)

    assert bus.published == sent


async def test_retry_now_ends_the_back_off_and_keeps_the_count(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    failure = Failure(attempts=9, next_attempt_at=now() + timedelta(seconds=45), error="bus-unavailable")
    async with sender.begin() as connection:
        await note_failure(connection, outbox, node, failure)
    sent = await queue_up(sender, [entry_to(node)])

    async with relaying(sender, bus, folder):
        await asyncio.sleep(0.3)
        assert await backlog(sender) == 1
        async with sender.begin() as connection:
            await retry_now(connection, outbox, node)
        assert (await state_of(sender, node)).attempts == 9
        assert await receive(bus, node, receiver, count=1) == sent
        await until_empty(sender)

    assert (await state_of(sender, node)).attempts == 0
