"""Cursor pagination: opaque keyset cursors and the ``Link`` header. Source: RFC 8288."""

import base64
import binascii
import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from lienthong.shared.errors import InvalidInput

DEFAULT_PAGE = 50
MAX_PAGE = 500
MAX_CURSOR_LENGTH = 1_000

PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items of one page")]
PageCursor = Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH, description="'next' of the page before; opaque")]


class CursorInvalid(InvalidInput):
    """The cursor was not given out by this service."""

    code = "cursor-invalid"
    title = "The cursor is not valid"


def encode_cursor(*key: str | int) -> str:
    """The cursor that continues after the row with this sort key."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> tuple[str | int, ...]:
    """The sort key of a cursor; ``kinds`` are the types of its parts.

    Raises:
        CursorInvalid: It is not one of ours.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        json.dumps(key, ensure_ascii=False).encode()  # half a surrogate pair fits into no database
    except (binascii.Error, ValueError, RecursionError) as error:
        raise CursorInvalid("Use the 'next' of the page before, unchanged.") from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise CursorInvalid("Use the 'next' of the page before, unchanged.")
    if any("\x00" in part for part in key if isinstance(part, str)):
        raise CursorInvalid("Use the 'next' of the page before, unchanged.")
    return tuple(key)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Adds ``Link: <…>; rel="next"`` when there is a next page."""
    if cursor is None:
        return
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    address = f"{request.url.path}?{urlencode([*query, ('cursor', cursor)])}"
    response.headers["Link"] = f'<{address}>; rel="next"'
