"""Lets an arrived business status speak: it enters the document's timeline and moves the delivery, forward only."""

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.business_status import ArrivedStatus, moves
from lienthong.exchange.domain.events import business_answered
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.statuses import add_status, answered_delivery, move_delivery

__all__ = ["ArrivedStatus", "apply_status"]


async def apply_status(connection: AsyncConnection, status: ArrivedStatus, *, is_arrival: bool) -> None:
    """Applies ``status``, on the caller's transaction, wherever the document that it speaks of is known.

    That is at the node of the document's sender, where the status arrives, and at the node of the recipient who
    says it, where it is submitted; one call serves both. Call it after the status's own document is stored.

    A status of an unknown document, or of somebody who is no recipient, changes nothing: it stays what it is, a
    package in the sender's inbox. A late or repeated one is kept, not applied. Calling it again is harmless.

    ``is_arrival``: this is the node of the document's sender, who is told.
    """
    delivery = await answered_delivery(connection, status)
    if delivery is None:
        return
    applied = moves(delivery.business_status, status.code)
    if not await add_status(connection, status, delivery, applied=applied):
        return
    if applied:
        await move_delivery(connection, delivery.id, status)
    if is_arrival:
        told = business_answered(status, document=delivery.document_id, delivery=delivery.id, applied=applied)
        await record_events(connection, [told])
