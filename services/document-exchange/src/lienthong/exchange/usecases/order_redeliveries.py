"""Gives an agency again what it took over since a date: it lost what it had.

One transaction for each batch: the order's progress, the redeliveries, the events that call the recipient's systems.
Repeated with the same key, the order goes on where it stopped; a complete one answers as before.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Act, ActKind, Order
from lienthong.exchange.domain.events import EventType, NewEvent
from lienthong.exchange.domain.redeliveries import REDELIVERIES_AT_ONCE, RedeliveryOrder
from lienthong.exchange.errors import AgencyNotServed, IdempotencyKeyReused
from lienthong.exchange.storage.acts import add_act
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.redeliveries import (
    Handed,
    add_redeliveries,
    first_batch,
    handed_over,
    note_progress,
    place_order,
)
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import AgencyCode, new_uuid

COUNTED_AT_MOST = 100_000
"""A preview counts no further."""


async def preview_redeliveries(agency: str, since: datetime, process: Process) -> int:
    """How many documents an order would give again. Raises :class:`AgencyNotServed`."""
    order = _order("", agency, since, process)
    async with process.database.read() as connection:
        return len(await handed_over(connection, order, here=process.here, limit=COUNTED_AT_MOST))


async def order_redeliveries(
    key: str, agency: str, since: datetime, process: Process, *, order: Order
) -> RedeliveryOrder:
    """The order after one more batch.

    Raises:
        AgencyNotServed: This node does not serve the agency.
        IdempotencyKeyReused: The key was used for another agency or date.
    """
    wanted = _order(key, agency, since, process)
    async with process.database.begin() as connection:
        placed, is_new = await place_order(connection, wanted)
        if (placed.agency, placed.since) != (wanted.agency, wanted.since):
            raise IdempotencyKeyReused("This Idempotency-Key was used for another agency or date; take a fresh one.")
        if placed.is_complete:
            return placed
        if is_new:
            await add_act(connection, _act(placed, order))
        return await _batch(connection, placed, process)


async def _batch(connection: AsyncConnection, placed: RedeliveryOrder, process: Process) -> RedeliveryOrder:
    now = process.clock()
    handed = await handed_over(connection, placed, here=process.here, limit=REDELIVERIES_AT_ONCE)
    await add_redeliveries(connection, placed, handed, now)
    await record_events(connection, [_event(one, placed, now) for one in handed])
    after = first_batch(placed, handed, at_once=REDELIVERIES_AT_ONCE)
    await note_progress(connection, after)
    return after


def _order(key: str, agency: str, since: datetime, process: Process) -> RedeliveryOrder:
    found = process.directory.current().agency(agency)
    if found is None or found.node != process.here:
        raise AgencyNotServed(f"The agency {agency} is not served by {process.here}.", facts={"agency": agency})
    return RedeliveryOrder(id=new_uuid(), key=key, agency=AgencyCode(found.code), since=since, until=process.clock())


def _event(one: Handed, placed: RedeliveryOrder, at: datetime) -> NewEvent:
    return NewEvent(
        type=EventType.DELIVERY_ARRIVED,
        time=at,
        agency=one.agency,
        document=one.document,
        delivery=one.delivery,
        data={"redelivery": True, "order": placed.id, "priority": one.priority},
    )


def _act(placed: RedeliveryOrder, order: Order) -> Act:
    return Act(
        id=new_uuid(),
        at=placed.until,
        order=order,
        kind=ActKind.REDELIVERY_ORDERED,
        subject=placed.agency,
        detail={"since": placed.since.isoformat(), "order": placed.id},
    )
