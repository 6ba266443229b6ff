"""A part of the one-process network that is not open yet answers 503, and never half-works."""

import asyncio
import contextlib
import json
from datetime import timedelta

from starlette.types import ASGIApp, Receive, Scope, Send

RETRY_AFTER_S = 1
PATIENCE = timedelta(seconds=5)
"""How long closing waits for the requests that are inside."""


class Gate:
    """Passes requests to ``app`` once :attr:`is_open`. ``hop`` is who the problem document says has answered."""

    def __init__(self, app: ASGIApp, *, hop: str) -> None:
        self._app = app
        self._hop = hop
        self.is_open = False
        self._inside = 0
        self._empty = asyncio.Event()

    async def close(self) -> None:
        """Lets nobody in any more, and waits for those inside: what they need is closed next."""
        self.is_open = False
        if self._inside:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), PATIENCE.total_seconds())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if self.is_open:
            self._inside += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._inside -= 1
                if not self._inside:
                    self._empty.set()
            return
        problem = {
            "type": "urn:lienthong:problem:not-ready",
            "title": "The service is not ready",
            "status": 503,
            "detail": "It is starting or stopping. Try again shortly.",
            "hop": self._hop,
        }
        headers = [(b"content-type", b"application/problem+json"), (b"retry-after", str(RETRY_AFTER_S).encode())]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
