"""What a node's feed holds."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from lienthong.exchange.domain.events import EventType, NewEvent
from lienthong.exchange.factory import Factory
from lienthong.exchange.storage.event_schema import events
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.usecases.number_events import number_events
from lienthong.shared.identifiers import AgencyCode, DocumentId, new_uuid
from tests.support.pki import NOW

EVENT = NewEvent(
    type=EventType.DELIVERY_ARRIVED, time=NOW, agency=AgencyCode("H28.31"), document=DocumentId(new_uuid())
)


def event(**changes: Any) -> NewEvent:
    return dataclasses.replace(EVENT, **changes)


async def tell(factory: Factory, *told: NewEvent) -> None:
    """Records ``told`` and numbers them."""
    async with factory.database.begin() as connection:
        await record_events(connection, told)
    await number_events(factory)


async def feed(factory: Factory) -> Sequence[dict[str, Any]]:
    """Every event that has its position, in the feed's order."""
    while await number_events(factory):
        pass
    async with factory.database.read() as connection:
        found = await connection.execute(select(events).order_by(events.c.position))
        return [dict(row) for row in found.mappings()]
