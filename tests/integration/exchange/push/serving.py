"""A node's API behind a real server on a free port, and readers of its streams."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from lienthong.shared.serving import StoppingServer
from tests.integration.exchange.receive.receiving_node import ReceivingNode

STREAM = {"Accept": "text/event-stream"}


class _Server(StoppingServer):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: FastAPI, *, port: int = 0) -> AsyncIterator[tuple[str, _Server]]:
    """The app's address, and its server. At the end the server stops as on SIGTERM."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=15)
        server = _Server(config, app)
        task = asyncio.create_task(server.serve(sockets=[free]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{port}", server
        finally:
            server.handle_exit(15, None)
            await task
            app.state.stopping = False


@asynccontextmanager
async def reader(node: ReceivingNode, base: str, *, agency: str = "H28.31") -> AsyncIterator[httpx.AsyncClient]:
    async with node.client(agency) as tokens, httpx.AsyncClient(base_url=base, headers=tokens.headers) as client:
        yield client


class Told:
    """What an open stream has told: ``(id, type)`` of its events, and the last id of all."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def next_block(self) -> dict[str, str]:
        """The next block, comments left out."""
        block: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            if name:
                block[name] = value
        self.last_id = block.get("id", self.last_id)
        return block

    async def events(self, count: int) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                block = await self.next_block()
                if not block and self.answer.is_stream_consumed and self.answer.is_closed:
                    break
                found += [block] if "data" in block else []
        return found


@asynccontextmanager
async def stream(client: httpx.AsyncClient, **arguments: Any) -> AsyncIterator[Told]:
    """An open stream whose first block, with the id where it begins, has been read."""
    headers = STREAM | arguments.pop("headers", {})
    async with client.stream("GET", "/v1/events", headers=headers, **arguments) as answer:
        assert answer.status_code == 200, await answer.aread()
        told = Told(answer)
        await told.next_block()
        yield told
