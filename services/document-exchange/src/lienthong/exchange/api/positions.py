"""Where a page ended: keyset cursors, opaque to clients and checked when they come back."""

from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.domain.listings import DocumentSummary, Page, WaitingDelivery
from lienthong.shared.identifiers import DeliveryId, DocumentId
from lienthong.shared.paging import CursorInvalid, decode_cursor, encode_cursor

AGAIN = "again"
"""Begins the cursor of a redelivery."""
MAX_PRIORITY = 2**31 - 1
"""What the database's integers hold."""


def inbox_cursor(page: Page[WaitingDelivery]) -> str | None:
    """The cursor that continues after ``page``; None: nothing follows."""
    if not page.more:
        return None
    last = page.items[-1]
    where = (AGAIN,) if last.is_redelivery else ()
    return encode_cursor(*where, last.document.priority, last.delivery_id)


def inbox_position(cursor: str | None) -> tuple[tuple[int, DeliveryId] | None, bool]:
    """Priority and id of the delivery that a page ended with, and whether it is a redelivery.

    Raises:
        CursorInvalid: It is not one of ours.
    """
    if cursor is None:
        return None, False
    try:
        return _inbox_key(*decode_cursor(cursor, int, str)), False
    except CursorInvalid:
        again, *key = decode_cursor(cursor, str, int, str)
    if again != AGAIN:
        raise _foreign()
    return _inbox_key(*key), True


def _inbox_key(priority: str | int, delivery: str | int) -> tuple[int, DeliveryId]:
    if not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
        raise _foreign()
    return priority, DeliveryId(_uuid(delivery))


def newest_position(cursor: str | None) -> str | None:
    """Id of the thing that a page ended with, in lists whose newest come first. Raises :class:`CursorInvalid`."""
    return None if cursor is None else _uuid(decode_cursor(cursor, str)[0])


def sent_cursor(page: Page[DocumentSummary]) -> str | None:
    """The cursor that continues after ``page``; None: nothing follows."""
    return encode_cursor(page.items[-1].id) if page.more else None


def sent_position(cursor: str | None) -> DocumentId | None:
    """Id of the document that a page ended with. Raises :class:`CursorInvalid`."""
    position = newest_position(cursor)
    return None if position is None else DocumentId(position)


def _uuid(part: str | int) -> str:
    if not isinstance(part, str) or not UUID.fullmatch(part):
        raise _foreign()
    return part


def _foreign() -> CursorInvalid:
    return CursorInvalid("Use the 'next' of the page before, unchanged.")
