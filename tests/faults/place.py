"""The network that the fault machine breaks: four levels on three brokers, with a proxy on every link."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

from deploy.fleet import Program, programs_of
from deploy.local_site import free_ports
from deploy.processes import LOOPBACK
from deploy.servers import PrivatePostgres, PrivateRabbitMQ
from lienthong.embedded.network import Network, four_levels
from lienthong.embedded.provision import provision, write_environment_files
from lienthong.embedded.site import NodeSite, ServiceSite, Site
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.options import ClientOptions
from lienthong.sdk.profile import load_profile
from lienthong.shared.clients.registry import ClientSecret
from lienthong.shared.identifiers import AgencyCode, NodeId
from tests.faults.links import Links
from tests.faults.services import Services
from tests.support.network import open_the_way

BROKER_OF: Final = {"G22": "centre", "H28": "province", "H28.31": "local", "H28.31.05": "local"}
BROKERS: Final = ("centre", "province", "local")
NODES: Final = tuple(BROKER_OF)
"""Node ids; each is the code of the one agency that it serves."""
SERVICES: Final = ("registry", "signing", *(f"{node}-{role}" for node in NODES for role in ("api", "worker")))
"""Every process."""


def planned() -> Network:
    """Four levels; district and commune share a broker."""
    whole = four_levels()
    nodes = tuple(dataclasses.replace(node, broker=BROKER_OF[node.id]) for node in whole.nodes)
    return dataclasses.replace(whole, nodes=nodes)


def brokers_of(node: str) -> tuple[str, ...]:
    """The brokers that a node speaks to."""
    return tuple(sorted({other.broker for other in planned().neighbours(NodeId(node))}))


def link_names() -> tuple[str, ...]:
    """Every link that may fail: ``<caller>><called>``."""
    return (
        *(f"{service}>postgres" for service in SERVICES),
        *(f"{node}-worker>broker-{broker}" for node in NODES for broker in brokers_of(node)),
        *(f"nodes>{node}" for node in NODES),
        *(f"office>{node}" for node in NODES),
        "nodes>registry",
        "nodes>signing",
        "office>registry",
    )


class Place:
    """Everything that runs, in one folder; use it as an ``async with`` block.

    Args:
        folder: Gets all files. Its parents must be passable for an unprivileged user.
        without: The guards that are removed from the services.
    """

    def __init__(self, folder: Path, *, without: Sequence[str] = ()) -> None:
        open_the_way(folder)
        self.folder = folder
        self.postgres = PrivatePostgres(folder / "postgres")
        self.brokers = {name: PrivateRabbitMQ(folder / f"broker-{name}") for name in BROKERS}
        self._without = without
        self._stack = AsyncExitStack()
        ports = free_ports()
        self._port = {name: next(ports) for name in SERVICES}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.callback(self.postgres.kill)
            for broker in self.brokers.values():
                stack.callback(broker.kill)
            servers = (self.postgres, *self.brokers.values())
            await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
            self.links = await stack.enter_async_context(Links(self._targets()))
            self.site = self._site()
            await self._provision()
            programs = [self._through_links(program) for program in programs_of(self._settings)]
            self.services = await stack.enter_async_context(
                Services(programs, self.folder / "services", without=self._without)
            )
            await self._start_services()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def _settings(self) -> Path:
        return self.folder / "state" / "settings"

    def packages(self, node: str) -> Path:
        """Where a node keeps its packages."""
        return self.folder / "state" / "packages" / node

    def client(self, agency: str) -> LienthongClient:
        """The client of an agency's e-office system, over links of its own. It gives up soon: its office retries."""
        profile = load_profile(str(self.site.profile_path(AgencyCode(agency))))
        return LienthongClient(
            self._url(f"office>{agency}"),
            self._url("office>registry"),
            ClientSecret(client_id=profile.client_id, secret=profile.client_secret),
            node=NodeId(agency),
            options=ClientOptions(attempts=1),
        )

    def _targets(self) -> dict[str, int]:
        called: dict[str, int] = {"postgres": self.postgres.port}
        called |= {f"broker-{name}": broker.port for name, broker in self.brokers.items()}
        called |= {node: self._port[f"{node}-api"] for node in NODES}
        called |= {name: self._port[name] for name in ("registry", "signing")}
        names = (*link_names(), *(f"operator>broker-{name}" for name in BROKERS))
        return {name: called[name.partition(">")[2]] for name in names}

    def _url(self, link: str) -> str:
        return f"http://{LOOPBACK}:{self.links.ports[link]}"

    def _site(self) -> Site:
        state = (self.folder / "state").resolve()
        registry, signing = (
            ServiceSite(
                url=self._url(f"nodes>{name}"), database_url=self.postgres.create_database(name), port=self._port[name]
            )
            for name in ("registry", "signing")
        )
        nodes = {
            NodeId(node): NodeSite(
                url=self._url(f"nodes>{node}"),
                database_url=self.postgres.create_database("node_" + node.lower().replace(".", "_")),
                port=self._port[f"{node}-api"],
                worker_port=self._port[f"{node}-worker"],
                blobs_url=f"file://{state / 'packages' / node}",
                brokers={name: self._broker_url(node, name) for name in brokers_of(node)},
            )
            for node in NODES
        }
        return Site(network=planned(), state_dir=state, registry=registry, signing=signing, nodes=nodes)

    def _broker_url(self, node: str, name: str) -> str:
        broker = self.brokers[name]
        return broker.url().replace(f":{broker.port}/", f":{self.links.ports[f'{node}-worker>broker-{name}']}/")

    async def _provision(self) -> None:
        secrets = await provision(self.site)
        await asyncio.to_thread(write_environment_files, self.site, secrets, self._settings)

    def _through_links(self, program: Program) -> Program:
        """The program with a link of its own to PostgreSQL."""
        port = self.links.ports[f"{program.name}>postgres"]
        direct, proxied = f"@{LOOPBACK}:{self.postgres.port}/", f"@{LOOPBACK}:{port}/"
        settings: Mapping[str, str] = {name: value.replace(direct, proxied) for name, value in program.settings.items()}
        return dataclasses.replace(program, settings=settings)

    async def _start_services(self) -> None:
        first = ("registry", "signing")
        for name in first:
            await self.services.launch(name)
        await self.services.until_ready(first)
        for name in SERVICES:
            await self.services.launch(name)
        await self.services.until_ready(SERVICES)
