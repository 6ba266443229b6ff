"""One node's outbox and inbox over a database, and a relay that can be switched on and off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import MetaData, func, select

from lienthong.shared.blobs import BlobStore
from lienthong.shared.bus import Bus, Publisher, Received
from lienthong.shared.database import Database
from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import MessageId, NodeId, Sha256, new_uuid
from lienthong.shared.inbox import claim_new, inbox_table
from lienthong.shared.outbox import (
    DestinationState,
    OutboxEntry,
    Pace,
    Relay,
    acknowledge,
    add,
    outbox_table,
    queue_state,
)
from tests.contract.buses import LINGER

metadata = MetaData()
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
SWIFT = Pace(
    first_delay=timedelta(milliseconds=20),
    longest_delay=timedelta(milliseconds=200),
    longest_broker_delay=timedelta(milliseconds=200),
    probe_rest=timedelta(milliseconds=50),
)
"""Patience in milliseconds, so that a test need not have any."""
FORGETFUL = replace(SWIFT, lease=timedelta(seconds=3))
"""A relay whose rows others soon take over."""


def now() -> datetime:
    return datetime.now(UTC)


def entry_to(node: NodeId, *, priority: int = 0, body_sha256: Sha256 | None = None) -> OutboxEntry:
    return OutboxEntry(
        id=MessageId(new_uuid()),
        destination=node,
        envelope="header.claims.signature",
        body_sha256=body_sha256,
        priority=priority,
        created_at=now(),
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    )


async def queue_up(database: Database, entries: Sequence[OutboxEntry]) -> list[MessageId]:
    async with database.begin() as connection:
        await add(connection, outbox, entries)
    return [entry.id for entry in entries]


async def backlog(database: Database) -> int:
    """Rows that no broker has confirmed."""
    async with database.read() as connection:
        waiting = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        return (await connection.execute(waiting)).scalar_one()


async def unacknowledged(database: Database) -> int:
    """Rows that are there at all."""
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()


async def tell(sender: Database, ids: Sequence[MessageId], *, by: NodeId) -> None:
    """The next hop's notice, as the sender hears it."""
    async with sender.begin() as connection:
        await acknowledge(connection, outbox, ids, by=by)


async def state_of(database: Database, node: NodeId) -> DestinationState:
    async with database.read() as connection:
        return next(state for state in await queue_state(connection, outbox) if state.destination == node)


@asynccontextmanager
async def relaying(database: Database, bus: Publisher, blobs: BlobStore, *, pace: Pace = SWIFT) -> AsyncIterator[Relay]:
    relay = Relay(database, outbox, bus=bus, blobs=blobs, pace=pace)
    running = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def receive(
    bus: Bus, node: NodeId, database: Database, *, count: int, sender: Database | None = None
) -> list[MessageId]:
    """Takes messages as a consumer does, one transaction a batch, until ``count`` had an effect; their ids in order.

    ``sender`` hears what was taken.
    """
    effects: list[MessageId] = []
    batches = bus.batches(node, size=50, linger=LINGER)
    async with asyncio.timeout(120):
        while len(effects) < count:
            batch = await anext(batches)
            effects += await take(batch, database)
            if sender is not None:
                with contextlib.suppress(Unavailable):  # a notice that is not heard
                    await tell(sender, [received.message.id for received in batch], by=node)
    await batches.aclose()  # type: ignore[attr-defined]
    return effects


async def take(batch: Sequence[Received], database: Database) -> list[MessageId]:
    async with database.begin() as connection:  # a batch may hold the same message twice
        new = await claim_new(connection, inbox, [received.message.id for received in batch], now())
    for received in batch:
        await received.ack()
    return [id_ for id_ in dict.fromkeys(received.message.id for received in batch) if id_ in new]


async def until_empty(database: Database) -> None:
    async with asyncio.timeout(30):
        while await backlog(database):
            await asyncio.sleep(0.02)
