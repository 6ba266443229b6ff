"""Receivers of webhooks that behave as they are told, and what makes a node send to them."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from lienthong.exchange.factory import Factory
from lienthong.exchange.storage.webhook_queue import due_webhooks
from lienthong.exchange.usecases.deliver_webhooks import deliver_batch
from lienthong.exchange.usecases.queue_events import queue_events
from lienthong.exchange.usecases.send_webhook import WebhookSender, open_sender
from lienthong.sdk.webhook_verification import ReceivedRequest
from lienthong.shared.contracts.events import CloudEvent
from tests.integration.exchange.receive.receiving_node import ReceivingNode

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
Answers = Callable[[CloudEvent], Awaitable[int]]


async def takes(_event: CloudEvent) -> int:
    return 204


@dataclass(kw_only=True)
class Receiver:
    """Answers as ``answers`` says. ``taken``: what it answered 2xx, in order; ``requests``: everything that came."""

    url: str = ""
    answers: Answers = takes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    requests: list[ReceivedRequest] = field(default_factory=list)
    taken: list[CloudEvent] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message: MutableMapping[str, Any] = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append(ReceivedRequest(url=self.url, headers=headers, body=body))
        event = CloudEvent.model_validate_json(body)
        status = await self.answers(event)
        if 200 <= status < 300:
            self.taken.append(event)
        await send({"type": "http.response.start", "status": status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})

    def positions(self, document: str | None = None) -> list[int]:
        """What was taken, by its place in the feed."""
        return [one.position for one in self.taken if document in (None, one.subject)]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(receiver: Receiver, **tls: Any) -> AsyncIterator[Receiver]:
    """The receiver behind a real server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            receiver, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=0, **tls
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[free]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            receiver.url = receiver.url or f"http://127.0.0.1:{free.getsockname()[1]}/hook"
            yield receiver
        finally:
            server.should_exit = True
            await task


async def subscribe(node: ReceivingNode, url: str, *, agency: str = "H28.31", **wanted: Any) -> dict[str, Any]:
    """A new webhook of ``agency``."""
    async with node.client() as client:
        answer = await client.post("/v1/webhooks", json={"url": url, "agency": agency, **wanted})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def standing(node: ReceivingNode, webhook: dict[str, Any]) -> dict[str, Any]:
    async with node.client() as client:
        found: dict[str, Any] = (await client.get(f"/v1/webhooks/{webhook['id']}")).json()
    return found


async def act(node: ReceivingNode, webhook: dict[str, Any], what: str, **body: Any) -> httpx.Response:
    async with node.client() as client:
        return await client.post(f"/v1/webhooks/{webhook['id']}/{what}", json=body or None)


async def drain(factory: Factory, sender: WebhookSender) -> None:
    """Sends whatever may be sent at the node's present."""
    while True:
        await queue_events(factory)
        async with factory.database.read() as connection:
            due = await due_webhooks(connection, factory.clock())
        if not any(await asyncio.gather(*(deliver_batch(one, factory, sender) for one in due))):
            return


async def deliver(factory: Factory) -> None:
    """Likewise, with a sender of its own."""
    async with open_sender(factory) as sender:
        await drain(factory, sender)


def data_of(request: ReceivedRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return body
