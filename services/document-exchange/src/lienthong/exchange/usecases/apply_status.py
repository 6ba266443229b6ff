"""Lets an arrived business status speak: it enters the document's timeline and moves the delivery, forward only."""

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.business_status import ArrivedStatus, moves
from lienthong.exchange.storage.statuses import add_status, answered_delivery, move_delivery

__all__ = ["ArrivedStatus", "apply_status"]


async def apply_status(connection: AsyncConnection, status: ArrivedStatus) -> None:
    """Applies ``status``, on the caller's transaction, wherever the document that it speaks of is known.

    That is at the node of the document's sender, where the status arrives, and at the node of the recipient who
    says it, where it is submitted; one call serves both. Call it after the status's own document is stored.

    A status of an unknown document, or of somebody who is no recipient, changes nothing: it stays what it is, a
    package in the sender's inbox. A late or repeated one is kept, not applied. Calling it again is harmless.
    """
    delivery = await answered_delivery(connection, status)
    if delivery is None:
        return
    applied = moves(delivery.business_status, status.code)
    added = await add_status(connection, status, delivery, applied=applied)
    if added and applied:
        await move_delivery(connection, delivery.id, status)
