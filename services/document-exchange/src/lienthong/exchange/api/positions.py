"""Where a page ended: keyset cursors, opaque to clients and checked when they come back."""

from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.domain.listings import DocumentSummary, Page, WaitingDelivery
from lienthong.shared.identifiers import DeliveryId, DocumentId
from lienthong.shared.paging import CursorInvalid, decode_cursor, encode_cursor

MAX_PRIORITY = 2**31 - 1
"""What the database's integers hold."""


def inbox_cursor(page: Page[WaitingDelivery]) -> str | None:
    """The cursor that continues after ``page``; None: nothing follows."""
    if not page.more:
        return None
    last = page.items[-1]
    return encode_cursor(last.document.priority, last.delivery_id)


def inbox_position(cursor: str | None) -> tuple[int, DeliveryId] | None:
    """Priority and id of the delivery that a page ended with. Raises :class:`CursorInvalid`."""
    if cursor is None:
        return None
    priority, delivery = decode_cursor(cursor, int, str)
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
