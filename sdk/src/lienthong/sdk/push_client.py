"""The client of what a node tells by itself: its feed of events, and webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlencode

from httpx_sse import EventSource
from pydantic import TypeAdapter

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.push_models import EventsPage, Ping, Webhook
from lienthong.sdk.transport import FAILURES
from lienthong.shared.contracts.events import CloudEvent

_WEBHOOKS = TypeAdapter(tuple[Webhook, ...])


class PushClient(LienthongClient):
    """Follows events, and says where a node sends them.

    All methods raise :class:`.ProblemError` when the node refuses, :class:`.ServiceUnreachable` when it is away;
    :meth:`follow` waits for it instead.
    """

    async def events(
        self, *, after: int | None = None, types: Sequence[str] = (), agency: str | None = None, limit: int = 100
    ) -> EventsPage:
        """A page of the feed: after a position, or from the oldest event that is kept. ``limit``: 500 at most."""
        path = _feed(types, agency, after=after, limit=limit)
        return EventsPage.model_validate_json((await self._get(path)).content)

    async def follow(
        self, *, after: int | None = None, types: Sequence[str] = (), agency: str | None = None
    ) -> AsyncIterator[CloudEvent]:
        """Events as they happen, for ever: after a position, or from now on. Comes again by itself, without a gap.

        Keep the ``position`` of the last event that you have dealt with; with it another process goes on.

        Raises:
            ProblemError: ``events-expired`` when it was away for longer than events are kept; what the token lacks.
        """
        position, failures = after, 0
        while True:
            try:
                call = await self._call("GET", _feed(types, agency), headers=_from(position))
                async with self._transport.stream(call) as response:
                    async for block in EventSource(response).aiter_sse():
                        failures = 0
                        if block.data:
                            yield CloudEvent.model_validate_json(block.data)
                        position = int(block.id) if block.id else position
            except FAILURES as error:
                failures += 1  # never as many as end it: an outage may be long
                await self._transport.pause_after(error, failures=min(failures, self._transport.options.attempts - 1))
            else:
                await asyncio.sleep(self._transport.options.first_pause.total_seconds())

    async def add_webhook(
        self, url: str, *, types: Sequence[str] = (), agency: str | None = None, description: str = ""
    ) -> Webhook:
        """A webhook to ``url``, for what happens from now on; the same again gives the one that there is."""
        body = {"url": url, "types": list(types) or None, "agency": agency, "description": description}
        return Webhook.model_validate_json((await self._post("/v1/webhooks", body)).content)

    async def webhooks(self, *, agency: str | None = None) -> tuple[Webhook, ...]:
        """Every webhook of the caller's agencies."""
        path = "/v1/webhooks" + (f"?{urlencode({'agency': agency})}" if agency else "")
        return _WEBHOOKS.validate_python((await self._get(path)).json()["items"])

    async def replay_webhook(self, webhook: str, after: int | datetime) -> Webhook:
        """Sends everything after that position, or from that time on, again; nothing up to it any more."""
        return await self._act(webhook, "replay", after=after.isoformat() if isinstance(after, datetime) else after)

    async def pause_webhook(self, webhook: str) -> Webhook:
        """Sends nothing until it is resumed."""
        return await self._act(webhook, "pause")

    async def resume_webhook(self, webhook: str) -> Webhook:
        """Sends again, at once, everything that was not taken."""
        return await self._act(webhook, "resume")

    async def ping_webhook(self, webhook: str) -> Ping:
        """Sends an event that tells nothing, once and now."""
        return Ping.model_validate_json((await self._post(f"{_path(webhook)}/ping", {})).content)

    async def remove_webhook(self, webhook: str) -> None:
        """Forgets the webhook and what waits for it."""
        await self._transport.send(await self._call("DELETE", _path(webhook)))

    async def _act(self, webhook: str, what: str, **said: object) -> Webhook:
        call = await self._call("POST", f"{_path(webhook)}/{what}", headers={"Content-Type": "application/json"})
        answer = await self._transport.send(replace(call, content=json.dumps(said).encode() if said else None))
        return Webhook.model_validate_json(answer.content)


def _path(webhook: str) -> str:
    return f"/v1/webhooks/{quote(webhook, safe='')}"


def _feed(types: Sequence[str], agency: str | None, **numbers: int | None) -> str:
    wanted = [("type", one) for one in types] + ([("agency", agency)] if agency else [])
    given = [(name, str(value)) for name, value in numbers.items() if value is not None]
    return "/v1/events" + (f"?{urlencode([*wanted, *given])}" if wanted or given else "")


def _from(position: int | None) -> dict[str, str]:
    asked = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    return asked if position is None else asked | {"Last-Event-ID": str(position)}
