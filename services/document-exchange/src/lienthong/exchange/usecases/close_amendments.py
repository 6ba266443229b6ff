"""Closes what was asked about a delivery that fails: taken back before anybody had it, or nothing left to ask."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendment_events import amendment_answered
from lienthong.exchange.storage.amendment_answers import close_open
from lienthong.exchange.storage.events import record_events
from lienthong.shared.identifiers import DeliveryId, NodeId


async def close_amendments(
    connection: AsyncConnection, endings: Mapping[DeliveryId, str], *, here: NodeId, now: datetime
) -> None:
    """On the caller's transaction, which holds the deliveries. ``endings``: why each of them fails."""
    if endings:
        closed = await close_open(connection, endings, now=now)
        told = [amendment_answered(one, reason="", at=now) for one in closed if one.origin == here]
        await record_events(connection, told)
