"""Signed 64 KiB documents from one node to another, end to end, against the floor of the same run.

``python -m benchmarks.road --help``. A document counts when its recipient has acknowledged it and the evidence
of it has come back to the sender's node. Ratios hold on any machine; the absolute figures are this machine's.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console
from rich.table import Table

from benchmarks.corpus import PACKAGE_BYTES, signed_packages
from benchmarks.floor import P256, FloorJob, FloorResult
from benchmarks.floor import measure as measure_floor
from lienthong.embedded.network import Network as Plan
from lienthong.embedded.network import four_levels
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.profile import load_profile
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.keys import LocalKey
from tests.support.network import Network

SENDER, RECIPIENT = "H28.31.05", "H28.31"
LEASE = timedelta(minutes=5)
WARM_UP = 50
"""Documents that are sent first and not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadResult:
    """One run over the platform: seconds on the clock, latencies in seconds, CPU seconds by process."""

    wall_s: float
    latencies_s: tuple[float, ...]
    cpu_s: Mapping[str, float]


class Road:
    """The load: a sender's system and a recipient's system, both as fast as they are let."""

    def __init__(self, network: Network, packages: list[Path], *, concurrency: int) -> None:
        self._network = network
        self._packages = packages
        self._concurrency = concurrency
        self._started: dict[str, float] = {}
        self._acknowledged: dict[str, float] = {}

    async def run(self) -> RoadResult:
        """Sends every package and acknowledges every delivery."""
        cpu = self._cpu()
        begun = time.perf_counter()
        async with self._network.client(SENDER) as sender, self._network.client(RECIPIENT) as recipient:
            await asyncio.gather(self._send_all(sender), *(self._receive(recipient) for _ in range(4)))
            await self._until_evidence_is_back()
        wall = time.perf_counter() - begun
        spent = {name: after - cpu[name] for name, after in self._cpu().items()}
        latencies = tuple(self._acknowledged[key] - begun_at for key, begun_at in self._started.items())
        return RoadResult(wall_s=wall, latencies_s=latencies, cpu_s=spent)

    async def _send_all(self, client: LienthongClient) -> None:
        waiting = iter(self._packages)

        async def send_some() -> None:
            for package in waiting:
                begun = time.perf_counter()
                submission = await client.submit(package, media_type=EDXML)
                self._started[submission.id] = begun

        await asyncio.gather(*(send_some() for _ in range(self._concurrency)))

    async def _receive(self, client: LienthongClient) -> None:
        while len(self._acknowledged) < len(self._packages):
            claims = await client.claim(limit=20, lease=LEASE)
            for claim in claims:
                await client.acknowledge(claim)
                self._acknowledged[claim.document.id] = time.perf_counter()
            if not claims:
                await asyncio.sleep(0.02)

    async def _until_evidence_is_back(self) -> None:
        url = self._network.site.nodes[NodeId(SENDER)].database_url
        connection = await asyncpg.connect(url)
        try:
            while await connection.fetchval("select count(*) from deliveries where transport_status <> 'done'"):
                await asyncio.sleep(0.02)
        finally:
            await connection.close()

    def _cpu(self) -> dict[str, float]:
        pids = {name: process.pid for name, process in self._network.fleet.processes.items()}
        pids |= {"postgresql": self._network.postgres.pid, "rabbitmq": self._network.rabbitmq.pid, "load": os.getpid()}
        return {name: _cpu_of(pid) for name, pid in pids.items()}


def _cpu_of(pid: int) -> float:
    process = psutil.Process(pid)
    children = [] if pid == os.getpid() else process.children(recursive=True)
    spent = 0.0
    for one in (process, *children):
        times = one.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def two_nodes() -> Plan:
    """The commune and its district, on one broker; the district is the root."""
    whole = four_levels(one_broker=True)
    nodes = [node for node in whole.nodes if node.id in {SENDER, RECIPIENT}]
    agencies = [agency for agency in whole.agencies if agency.code in {SENDER, RECIPIENT}]
    return Plan(
        nodes=tuple(node if node.id == SENDER else replace(node, parent=None) for node in nodes),
        agencies=tuple(
            agency if agency.code == SENDER else agency.model_copy(update={"parent": None}) for agency in agencies
        ),
    )


def _floor(
    network: Network, directory: Path, *, package: bytes, options: argparse.Namespace
) -> tuple[FloorResult, FloorResult]:
    key, receipt_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    jobs = [
        FloorJob(
            postgres_url=network.postgres.create_database(f"floor_{role}"),
            amqp_url=network.rabbitmq.url(),
            directory=directory / f"floor-{role}",
            package=package,
            signature=key.sign(package, P256),
            public_key=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            receipt_key=receipt_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            documents=options.documents,
            concurrency=options.concurrency * 2,
        )
        for role in ("sender", "receiver")
    ]
    return measure_floor(*jobs)


def _report(road: RoadResult, floor: tuple[FloorResult, FloorResult], *, count: int) -> None:
    at_sender, at_receiver = floor
    floor_cpu = (at_sender.cpu_s + at_receiver.cpu_s) / count
    ours = {name: spent for name, spent in road.cpu_s.items() if name not in {"postgresql", "rabbitmq", "load"}}
    road_cpu = sum(ours.values()) / count
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    table = Table(title=f"{count} signed documents of {PACKAGE_BYTES // 1024} KiB, receipts included; {machine}")
    for column in ("", "road", "floor", "road / floor"):
        table.add_column(column, justify="left" if not column else "right")
    rows = [
        ("documents/s", count / road.wall_s, count / at_sender.wall_s),
        ("p50 latency, ms", _percentile(road.latencies_s, 50) * 1000, _percentile(at_sender.latencies_s, 50) * 1000),
        ("p99 latency, ms", _percentile(road.latencies_s, 99) * 1000, _percentile(at_sender.latencies_s, 99) * 1000),
        ("CPU ms/document, our processes", road_cpu * 1000, floor_cpu * 1000),
    ]
    for name, of_road, of_floor in rows:
        table.add_row(name, f"{of_road:.1f}", f"{of_floor:.1f}", f"{of_road / of_floor:.2f}")
    table.add_section()
    for name, spent in sorted(road.cpu_s.items(), key=lambda pair: -pair[1]):
        table.add_row(f"CPU ms/document, {name}", f"{spent / count * 1000:.1f}", "", "")
    console = Console(width=110)
    console.print(table)
    console.print(
        f"ratio: {(count / road.wall_s) / (count / at_sender.wall_s):.3f} of the floor's documents per second"
    )


def _percentile(values: tuple[float, ...], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def main() -> None:
    """Measures the floor and the road on the same servers, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000, help="measured documents")
    parser.add_argument("--concurrency", type=int, default=32, help="submissions under way at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with Network(directory / "network", plan=two_nodes()) as network:
            profile = load_profile(str(network.site.profile_path(AgencyCode(SENDER))))
            key = LocalKey.load(
                Path(str(profile.p12)), profile.p12_password.get_secret_value() if profile.p12_password else ""
            )
            packages = list(
                signed_packages(
                    directory, count=options.documents + WARM_UP, sender=SENDER, recipient=RECIPIENT, key=key
                )
            )
            warm_up, measured = packages[:WARM_UP], packages[WARM_UP:]
            asyncio.run(Road(network, warm_up, concurrency=8).run())
            floor = _floor(network, directory, package=measured[0].read_bytes(), options=options)
            road = asyncio.run(Road(network, measured, concurrency=options.concurrency).run())
    _report(road, floor, count=len(measured))


if __name__ == "__main__":
    main()
