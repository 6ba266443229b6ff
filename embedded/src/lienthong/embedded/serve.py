"""Registry, signing and all nodes in one process on one port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from lienthong.embedded.gate import Gate
from lienthong.embedded.network import Network
from lienthong.embedded.nodes import NodeParts, node_parts
from lienthong.embedded.provision import provision
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import (
    LOOPBACK,
    Site,
    embedded_site,
    node_environment,
    registry_environment,
    settings_of,
    signing_environment,
)
from lienthong.embedded.state_lock import locked
from lienthong.exchange.config import Settings as ExchangeSettings
from lienthong.registry.config import Settings as RegistrySettings
from lienthong.registry.main import create_app as create_registry
from lienthong.shared.bus.in_process import InProcessBroker
from lienthong.shared.errors import Conflict
from lienthong.shared.problems import install_problem_handlers
from lienthong.signing.config import Settings as SigningSettings
from lienthong.signing.main import create_app as create_signing

GRACEFUL_SHUTDOWN_S = 5
"""Seconds that requests under way have to end."""
INTERVALS = {
    "checkpoint_interval": timedelta(seconds=1),
    "time_stamp_interval": timedelta(seconds=2),
    "witness_interval": timedelta(seconds=2),
    "witness_window": 200,
}
"""How often the nodes sign, stamp and witness logs: all is on one machine, and whoever tries it out does not wait.

The window is smaller for it: reading 200 old entries again costs 25 ms.
"""


class PortTaken(Conflict):
    """Another program listens on the port."""

    code = "port-taken"
    title = "The port is taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNetwork:
    """A network that serves."""

    site: Site
    secrets: SecretBox
    url: str


@asynccontextmanager
async def embedded_network(network: Network, *, state_dir: Path, port: int = 0) -> AsyncIterator[RunningNetwork]:
    """Provisions and serves a network for as long as the block runs; ready when the block begins.

    1. The port is taken and the state folder locked, so that nothing is changed under a running network.
    2. What is missing is made (:func:`~lienthong.embedded.provision.provision`).
    3. The port listens; registry and signing open; then each node, which fetches its directory from them.
    4. At the end nodes close before what they need. What was on its way is in the outbox and goes on next time.

    Args:
        network: What to serve.
        state_dir: Folder for everything; a second start finds the data of the first.
        port: 0 takes a free one.

    Raises:
        PortTaken: Another program listens there.
        StateInUse: Another process serves that folder.
    """
    with _listening(port) as listener, locked(state_dir):
        site = embedded_site(network, state_dir=state_dir, port=listener.getsockname()[1])
        secrets = await provision(site)
        parts = _Parts(site, secrets)
        async with _serving(parts.app(), listener), parts.opened():
            yield RunningNetwork(site=site, secrets=secrets, url=f"http://{LOOPBACK}:{site.registry.port}")


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise PortTaken(f"Another program listens on port {port}. Choose another with --port.") from error
        yield listener
    finally:
        listener.close()


class _Parts:
    """The applications, each behind a gate that opens when its lifespan has begun."""

    def __init__(self, site: Site, secrets: SecretBox) -> None:
        registry = create_registry(settings_of(RegistrySettings, registry_environment(site, secrets)))
        signing = create_signing(settings_of(SigningSettings, signing_environment(site, secrets)))
        self._services: dict[str, tuple[FastAPI, Gate]] = {
            "/registry": (registry, Gate(registry, hop="registry")),
            "/signing": (signing, Gate(signing, hop="signing")),
        }
        broker = InProcessBroker()
        self._nodes: dict[str, tuple[NodeParts, Gate]] = {}
        for node in site.nodes:
            settings = settings_of(ExchangeSettings, node_environment(site, secrets, node))
            settings = settings.model_copy(update=INTERVALS)
            parts = node_parts(settings, broker, url=site.nodes[node].url)
            self._nodes[f"/nodes/{node}"] = (parts, Gate(parts.api, hop=f"node:{node}"))

    def app(self) -> Starlette:
        """Everything under its path, and the health of the whole."""
        gates = {path: gate for path, (_, gate) in (*self._services.items(), *self._nodes.items())}

        async def live(_: Request) -> JSONResponse:
            return JSONResponse({"status": "live"})

        async def ready(_: Request) -> JSONResponse:
            checks = {path: gate.is_open for path, gate in gates.items()}
            good = all(checks.values())
            return JSONResponse({"status": "ready" if good else "starting", "checks": checks}, 200 if good else 503)

        mounts = [Mount(path, app=gate) for path, gate in gates.items()]
        app = Starlette(routes=[Route("/health/live", live), Route("/health/ready", ready), *mounts])
        install_problem_handlers(app, hop="embedded")
        return app

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Runs every lifespan and each node's worker: registry and signing first, nodes together."""
        async with AsyncExitStack() as stack:
            for app, gate in self._services.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
                gate.is_open = True
            for parts, gate in self._nodes.values():
                await stack.enter_async_context(parts.running())
                gate.is_open = True
                stack.push_async_callback(gate.close)  # neighbours still look at its log
            async with httpx.AsyncClient() as http:
                await asyncio.gather(*(parts.ready(http) for parts, _ in self._nodes.values()))
            stack.callback(self._stop_waiting)
            yield

    def _stop_waiting(self) -> None:
        """Tells requests that only wait, such as long polls, to come to an end."""
        for parts, _ in self._nodes.values():
            parts.api.state.stopping = True


@asynccontextmanager
async def _serving(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Answers on ``listener`` when the block begins; leaves signals to whoever started it."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    loop = asyncio.create_task(server.main_loop(), name="embedded-server")
    try:
        yield
    finally:
        server.should_exit = True
        await loop
        await server.shutdown(sockets=[listener])
