"""One request to one service: token, patience, and problem documents turned into :class:`ProblemError`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx

from lienthong.sdk.errors import ProblemError, ServiceUnreachable
from lienthong.sdk.options import RETRIED_STATUSES, ClientOptions
from lienthong.sdk.token_source import TokenSource
from lienthong.shared.clients.registry import RegistryUnavailable

Failure = httpx.TransportError | ProblemError | RegistryUnavailable
FAILURES = (httpx.TransportError, ProblemError, RegistryUnavailable)
"""What a try may end with; whether another one is of use, :meth:`Transport.pause_after` decides."""
BodyFactory = Callable[[], AsyncIterator[bytes]]
"""Makes the body anew for every try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that may be repeated without harm."""

    method: str
    url: str
    audience: str | None = None
    """Audience of the token to send; None: the route is public."""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | BodyFactory | None = None
    extra_time: timedelta = timedelta()
    """Silence that is part of the call, such as a long poll's waiting time."""


class Transport:
    """Sends calls with back-off. The connection pool belongs to whoever made it."""

    def __init__(self, http: httpx.AsyncClient, tokens: TokenSource, *, options: ClientOptions) -> None:
        self._http = http
        self._tokens = tokens
        self.options = options

    async def send(self, call: Call) -> httpx.Response:
        """The answer, read whole. Raises :class:`ProblemError` or :class:`ServiceUnreachable` after the last try."""
        failures = 0
        while True:
            try:
                async with self.stream(call) as response:
                    await response.aread()
                    return response
            except FAILURES as error:
                failures += 1
                await self.pause_after(error, failures=failures)

    async def pause_after(self, error: Failure, *, failures: int) -> None:
        """Waits before the next try, or raises: the last one failed, or trying again is of no use."""
        last = failures >= self.options.attempts
        if isinstance(error, ProblemError):
            if last or error.status not in RETRIED_STATUSES:
                raise error
            await asyncio.sleep(self.options.pause_s(failures, retry_after=error.facts.get("retry_after")))
            return
        if last and isinstance(error, RegistryUnavailable):
            raise error
        if last and isinstance(error, httpx.TransportError):
            url = error.request.url.copy_with(query=None)
            raise ServiceUnreachable(f"No answer from {url} after {failures} attempts.") from error
        await asyncio.sleep(self.options.pause_s(failures))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[httpx.Response]:
        """One try, its body not yet read; a spent token is renewed once. Raises :class:`ProblemError`."""
        response = await self._open(call)
        try:
            if response.status_code == 401 and call.audience is not None:
                await response.aclose()
                self._tokens.forget()
                response = await self._open(call)
            if response.is_error:
                await response.aread()
                raise _problem(response)
            yield response
        finally:
            await response.aclose()

    async def _open(self, call: Call) -> httpx.Response:
        headers = dict(call.headers)
        if call.audience is not None:
            headers["Authorization"] = f"Bearer {await self._tokens.token(call.audience)}"
        seconds = (self.options.timeout + call.extra_time).total_seconds()
        request = self._http.build_request(
            call.method,
            call.url,
            headers=headers,
            params=dict(call.params) or None,
            content=call.content() if callable(call.content) else call.content,
            timeout=seconds,
        )
        return await self._http.send(request, stream=True)


def _problem(response: httpx.Response) -> ProblemError:
    problem = ProblemError.from_response(response)
    if "retry-after" in response.headers:
        problem.facts["retry_after"] = response.headers["retry-after"]
    return problem


def with_range(call: Call, *, start: int, etag: str | None) -> Call:
    """The same call for the bytes from ``start`` on, of the same representation as ``etag``."""
    headers = dict(call.headers) | {"Range": f"bytes={start}-"}
    if etag is not None:
        headers["If-Range"] = etag
    return replace(call, headers=headers)
