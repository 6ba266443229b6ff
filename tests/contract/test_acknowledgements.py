"""A row stays until the next hop has acknowledged it, over each bus and database."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from lienthong.shared.blobs import BlobStore
from lienthong.shared.bus import Bus, Message
from lienthong.shared.database import Database
from lienthong.shared.identifiers import MessageId, NodeId
from lienthong.shared.outbox import Pace
from tests.contract.buses import Buses, consuming, new_node
from tests.contract.outboxes import (
    SWIFT,
    backlog,
    entry_to,
    outbox,
    queue_up,
    receive,
    relaying,
    state_of,
    tell,
    unacknowledged,
    until_empty,
)

IMPATIENT = replace(SWIFT, overdue=timedelta(milliseconds=300), longest_overdue=timedelta(milliseconds=300))
NARROW = replace(SWIFT, window=4, batch=3)


async def test_confirmed_row_stays_until_the_next_hop_acknowledges_it(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = await queue_up(sender, [entry_to(node) for _ in range(3)])

    async with relaying(sender, bus, folder):
        await receive(bus, node, receiver, count=3)
        await until_empty(sender)
    state = await state_of(sender, node)
    assert (state.backlog, state.sent) == (3, 3)

    await tell(sender, sent[:2], by=node)
    assert await unacknowledged(sender) == 1


async def test_acknowledgement_counts_for_messages_to_its_issuer_only(sender: Database) -> None:
    node, other = new_node(), new_node()
    sent = await queue_up(sender, [entry_to(node)])

    await tell(sender, sent, by=other)

    assert await unacknowledged(sender) == 1


async def test_acknowledgement_that_overtakes_the_confirm_ends_the_row(
    buses: Buses, sender: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = await queue_up(sender, [entry_to(node)])

    async with relaying(sender, _Telling(bus, sender, node), folder), consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.ack()
        await asyncio.sleep(0.3)

    assert (received.message.id, await unacknowledged(sender)) == (sent[0], 0)


class _Telling:
    """A broker that confirms only after the next hop's acknowledgement is committed here."""

    def __init__(self, bus: Bus, sender: Database, node: NodeId) -> None:
        self._bus, self._sender, self._node = bus, sender, node

    async def publish(self, message: Message) -> None:
        await self._bus.publish(message)
        await tell(self._sender, [message.id], by=self._node)


async def test_no_more_is_sent_than_the_window_holds_and_the_rest_is_ordered_late(
    buses: Buses, sender: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    first = await queue_up(sender, [entry_to(node) for _ in range(10)])

    async with _taking(bus, node) as seen, relaying(sender, bus, folder, pace=NARROW):
        await _until_count(seen, 4)
        await asyncio.sleep(0.3)
        assert seen == first[:4]
        (urgent,) = await queue_up(sender, [entry_to(node, priority=4)])
        await tell(sender, first[:2], by=node)
        await _until_count(seen, 6)

    assert seen[4] == urgent


async def test_full_window_of_one_destination_holds_up_no_other(
    buses: Buses, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    silent, node = sorted([new_node(), new_node()])
    silent_bus, bus = await buses.connect(silent), await buses.connect(node)
    await queue_up(sender, [entry_to(silent) for _ in range(10)])
    sent = await queue_up(sender, [entry_to(node) for _ in range(10)])

    async with _taking(silent_bus, silent), relaying(sender, bus, folder, pace=NARROW):
        arrived = await receive(bus, node, receiver, count=10, sender=sender)

    assert sorted(arrived) == sorted(sent)


async def test_what_was_overtaken_for_long_is_sent_again(buses: Buses, sender: Database, folder: BlobStore) -> None:
    node = new_node()
    bus = await buses.connect(node)
    (lost,) = await queue_up(sender, [entry_to(node)])

    patient = replace(IMPATIENT, probe_rest=timedelta(hours=1))
    async with _taking(bus, node) as seen, relaying(sender, bus, folder, pace=patient):
        await _until_count(seen, 1)
        await asyncio.sleep(0.4)
        (later,) = await queue_up(sender, [entry_to(node)])
        await _until_count(seen, 2)
        await until_empty(sender)
        await tell(sender, [later], by=node)
        await _until_count(seen, 3)

    assert seen == [lost, later, lost]


async def test_what_was_overtaken_just_now_is_left_alone(buses: Buses, sender: Database, folder: BlobStore) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = await queue_up(sender, [entry_to(node) for _ in range(2)])

    async with _taking(bus, node), relaying(sender, bus, folder):
        await until_empty(sender)
        await tell(sender, sent[1:], by=node)

    assert (await backlog(sender), await unacknowledged(sender)) == (0, 1)


async def test_silent_destination_is_asked_with_one_message_at_a_time(
    buses: Buses, sender: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = await queue_up(sender, [entry_to(node) for _ in range(20)])

    async with _taking(bus, node) as seen, relaying(sender, bus, folder, pace=IMPATIENT):
        begun = time.monotonic()
        await _until_count(seen, 22)
        repeated = seen[20:]
        assert len(repeated) <= 1 + (time.monotonic() - begun) / IMPATIENT.overdue.total_seconds()
        await tell(sender, repeated, by=node)  # it is back: what else was sent before is sent again, at once
        await _until_count(seen, 20 + len(repeated) + len(sent) - len(set(repeated)))

    assert set(seen[20 + len(repeated) :]) >= set(sent) - set(repeated)


async def test_patience_doubles_each_time_a_message_is_sent(buses: Buses, sender: Database, folder: BlobStore) -> None:
    node = new_node()
    bus = await buses.connect(node)
    await queue_up(sender, [entry_to(node)])

    growing = Pace(overdue=timedelta(milliseconds=200), probe_rest=timedelta(milliseconds=20))
    async with _taking(bus, node) as seen, relaying(sender, bus, folder, pace=growing):
        await _until_count(seen, 3)
        await until_empty(sender)
        async with sender.read() as connection:
            row = (await connection.execute(select(outbox))).one()

    assert row.overdue_at - row.sent_at == timedelta(milliseconds=200 << (row.sends - 1))
    assert row.sends >= 3


@asynccontextmanager
async def _taking(bus: Bus, node: NodeId) -> AsyncIterator[list[MessageId]]:
    """Takes everything for ``node``, tells nobody, and gives the ids in order as they come."""
    seen: list[MessageId] = []

    async def take_all() -> None:
        async with consuming(bus, node, size=50) as batches:
            async for batch in batches:
                seen.extend(received.message.id for received in batch)
                await asyncio.gather(*(received.ack() for received in batch))

    taking = asyncio.create_task(take_all())
    try:
        yield seen
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


async def _until_count(seen: list[MessageId], count: int) -> None:
    async with asyncio.timeout(30):
        while len(seen) < count:
            await asyncio.sleep(0.02)
