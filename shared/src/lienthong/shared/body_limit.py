"""A bound for bodies that FastAPI reads whole into memory before the endpoint, or the caller's token, is looked at."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.shared.errors import TooLarge

MAX_JSON_BODY_BYTES: Final = 1024 * 1024
"""JSON and form bodies; ours have a few kilobytes. Endpoints that stream their body bound it themselves."""


class RequestTooLarge(TooLarge):
    """The JSON or form body is, or declares itself, larger than any that this service takes."""

    code = "request-too-large"
    title = "The request is too large"


class BodyLimitMiddleware:
    """Refuses bodies over :data:`MAX_JSON_BODY_BYTES`, declared or real, of every route that does not stream.

    The label in Content-Type counts for nothing: FastAPI reads a JSON endpoint's body whatever it is called.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        size = 0

        async def receive_within_limit() -> Message:
            nonlocal size
            if _streams(scope):
                return await receive()
            if declared.isascii() and declared.isdigit():
                _check(int(declared))  # before the client is told to go on
            message = await receive()
            size += len(message.get("body", b""))
            _check(size)
            return message

        await self._app(scope, receive_within_limit, send)


def _streams(scope: Mapping[str, Any]) -> bool:
    """Whether the route, which is known once the body is asked for, reads it in pieces by itself."""
    route = scope.get("route")
    return isinstance(route, APIRoute) and route.body_field is None


def _check(size: int) -> None:
    if size > MAX_JSON_BODY_BYTES:
        raise RequestTooLarge(
            f"A body of this kind has at most {MAX_JSON_BODY_BYTES} bytes.", facts={"limit_bytes": MAX_JSON_BODY_BYTES}
        )
