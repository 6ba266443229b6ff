"""One node of the embedded start: the API and the worker that otherwise are two processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx
from fastapi import FastAPI

from lienthong.exchange.config import Settings
from lienthong.exchange.factory import open_factory
from lienthong.exchange.main import create_api
from lienthong.exchange.worker import Worker
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.errors import Unavailable

READY_TIMEOUT = timedelta(seconds=30)
"""In which a node must have its directory, trust list and bus."""
_LOOK_S = 0.05


class NodeNotReady(Unavailable):
    """A node did not become ready in time."""

    code = "node-not-ready"
    title = "The node is not ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """A node's API and what its worker needs."""

    settings: Settings
    api: FastAPI
    bus: InProcessBus
    url: str

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the API's lifespan and the worker for as long as the block runs."""
        async with self.api.router.lifespan_context(self.api), open_factory(self.settings, bus=self.bus) as factory:
            worker = asyncio.create_task(Worker(factory).run(), name=f"worker-{self.settings.node_id}")
            try:
                yield
            finally:
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Returns once ``/health/ready`` answers 200. Raises :class:`NodeNotReady`."""
        try:
            async with asyncio.timeout(READY_TIMEOUT.total_seconds()):
                while True:
                    if (await http.get(f"{self.url}/health/ready")).status_code == httpx.codes.OK:
                        return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            raise NodeNotReady(f"Node {self.settings.node_id} has not become ready.") from error


def node_parts(settings: Settings, broker: InProcessBroker, *, url: str) -> NodeParts:
    """A node on the process's broker, not yet running; its API does not publish."""
    bus = InProcessBus(broker, node=settings.node_id)
    return NodeParts(settings=settings, api=create_api(settings), bus=bus, url=url)
