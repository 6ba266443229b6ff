"""The SDK's client against a real server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from lienthong.sdk import ClientOptions, ClientSecret, ProblemError
from lienthong.sdk.push_client import PushClient
from lienthong.shared.identifiers import DocumentId
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.push.receivers import Receiver, deliver, listening
from tests.integration.exchange.push.serving import served
from tests.integration.exchange.receive.receiving_node import HERE, ReceivingNode

REGISTRY = "http://danhba.test"


class _Registry(httpx.AsyncBaseTransport):
    """Gives out one token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/oauth2/token"
        return httpx.Response(200, json={"access_token": self._token, "token_type": "Bearer", "expires_in": 900})


@asynccontextmanager
async def push_client(node: ReceivingNode, base: str) -> AsyncIterator[PushClient]:
    async with node.client() as holder:
        token = holder.headers["Authorization"].removeprefix("Bearer ")
    credential = ClientSecret(client_id="eoffice.H28.31", secret=SecretStr("secret"))
    options = ClientOptions(first_pause=timedelta(milliseconds=20), longest_pause=timedelta(milliseconds=100))
    async with httpx.AsyncClient(mounts={REGISTRY: _Registry(token)}) as http:
        yield PushClient(base, REGISTRY, credential, node=HERE, options=options, http=http)


async def test_following_goes_on_without_gap_or_repetition_through_restarts_of_the_node(node: ReceivingNode) -> None:
    seen: list[int] = []
    port = 0

    async def follow(base: str) -> None:
        async with push_client(node, base) as client:
            async for told in client.follow(after=0):
                seen.append(told.position)  # noqa: PERF401 — looked at while it goes on

    following: asyncio.Task[None] | None = None
    for round_ in range(3):
        async with served(node.app, port=port) as (base, _):
            port = int(base.rsplit(":", 1)[1])
            following = following or asyncio.create_task(follow(base))
            await tell(node.factory, *(event(document=DocumentId(f"d{number}")) for number in range(20)))
            async with asyncio.timeout(20):
                while len(seen) < 40 * round_ + 20:
                    await asyncio.sleep(0.02)
        await tell(node.factory, *(event() for _ in range(20)))
    assert following is not None
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following

    assert seen == list(range(1, 101))


async def test_following_from_a_lost_position_says_so(node: ReceivingNode) -> None:
    async with served(node.app) as (base, _), push_client(node, base) as client:
        with pytest.raises(ProblemError) as refused:
            await anext(aiter(client.follow(after=7)))

    assert refused.value.code == "event-position-unknown"


async def test_pages_are_read_with_types(node: ReceivingNode) -> None:
    await tell(node.factory, event(), event())
    async with served(node.app) as (base, _), push_client(node, base) as client:
        page = await client.events(after=1, types=["vn.lienthong.delivery.arrived", "vn.lienthong.delivery.refused"])

    assert ([one.position for one in page.items], page.after, page.more) == ([2], 2, False)


async def test_a_webhooks_whole_life(hooked: ReceivingNode) -> None:
    async with (
        listening(Receiver()) as receiver,
        served(hooked.app) as (base, _),
        push_client(hooked, base) as client,
    ):
        made = await client.add_webhook(receiver.url, description="Văn thư")
        assert (await client.ping_webhook(made.id)).taken
        assert (await client.pause_webhook(made.id)).paused == "owner"
        await tell(hooked.factory, event())
        assert [(one.id, one.backlog) for one in await client.webhooks()] == [(made.id, 1)]
        await client.resume_webhook(made.id)
        await deliver(hooked.factory)
        await client.replay_webhook(made.id, 0)
        await client.replay_webhook(made.id, hooked.clock.now - timedelta(days=1))
        await deliver(hooked.factory)
        await client.remove_webhook(made.id)
        assert await client.webhooks(agency="H28.31") == ()

    assert receiver.positions() == [0, 1, 1]
