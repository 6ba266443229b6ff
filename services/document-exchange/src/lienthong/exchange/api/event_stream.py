"""Server-sent events as an ASGI response that a slow or vanished reader cannot hold for ever.

Source: WHATWG HTML, section "Server-sent events".
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Final

from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lienthong.exchange.domain.event_feed import cloud_event
from lienthong.exchange.usecases.read_events import FeedPage
from lienthong.exchange.usecases.stream_places import StreamPlaces
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import NodeId

EVENT_STREAM: Final = "text/event-stream"
STREAM_LIFETIME: Final = timedelta(minutes=15)
"""After that a stream ends and its reader comes again: with a token that is good, and the delegations of then."""
SEND_TIME: Final = timedelta(seconds=10)
"""How long a reader may take for what was sent before; shorter than a server waits for its requests when it stops."""
RECONNECTION_TIME_MS: Final = 1000
"""How long a reader should wait before it comes again (``retry``)."""


class _ReaderStuckError(Exception):
    """The reader does not take what was sent."""


class EventStream(Response):
    """Sends ``pages`` as they come. The body is never buffered beyond the page that is being sent."""

    media_type = EVENT_STREAM

    def __init__(
        self, pages: AsyncIterator[FeedPage], *, begin: int, node: NodeId, place: tuple[StreamPlaces, str]
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pages = pages
        self._begin = begin
        self._node = node
        self._places, self._client_id = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 — pages end when the reader is gone
        """Sends until the pages end, the lifetime is over, or the reader does not read."""
        with self._places.taken(self._client_id):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with suppress(_ReaderStuckError, OSError):  # left unfinished: the server cuts the connection off
                with suppress(TimeoutError, LienthongError):  # the reader goes on from the last id that it has
                    async with asyncio.timeout(STREAM_LIFETIME.total_seconds()):
                        await self._send_all(send)
                await _sent(send, b"", more=False)

    async def _send_all(self, send: Send) -> None:
        await _sent(send, format_sse_event(id=str(self._begin), retry=RECONNECTION_TIME_MS))
        async with aclosing(self._pages) as pages:  # type: ignore[type-var]  # an asynchronous generator
            async for page in pages:
                await _sent(send, self._text(page))

    def _text(self, page: FeedPage) -> bytes:
        """The events, and an id without data: a reader remembers it, and gets no event. It is the heartbeat."""
        told = [cloud_event(one, node=self._node) for one in page.events]
        written = [format_sse_event(id=str(one.position), event=one.type, data_str=one.to_json()) for one in told]
        return b"".join((*written, format_sse_event(id=str(page.position), comment=None if told else "heartbeat")))


async def _sent(send: Send, body: bytes, *, more: bool = True) -> None:
    try:
        async with asyncio.timeout(SEND_TIME.total_seconds()):
            await send({"type": "http.response.body", "body": body, "more_body": more})
    except TimeoutError as error:
        raise _ReaderStuckError from error
