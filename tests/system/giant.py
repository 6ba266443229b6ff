"""A giant on its way from commune to centre; the upload, one fetch and the download are each killed once and go on.

``make test-giant`` runs it with an attachment of 4 GiB over two brokers, and prints times and peaks; the system tests
run it small.
"""

import argparse
import asyncio
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from deploy.processes import PrivateServer
from lienthong.embedded.network import Network as Plan
from lienthong.embedded.network import four_levels
from lienthong.embedded.site import Site
from lienthong.sdk.profile import load_profile
from lienthong.shared.edxml.model import DocumentHeader
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.keys import LocalKey
from tests.support.network import Network
from tests.system.office import Office
from tests.system.packages import MIB, header, write_container, write_package

COMMUNE, PROVINCE, CENTRE = "H28.31.05", "H28", "G22"
GIB: Final = 1024 * MIB
ALLOWED_PEAK_BYTES: Final = 200 * MIB
"""Peak resident memory (VmHWM) of any process of ours, whatever the size of a document."""
LOOK_S: Final = 0.002
PATIENCE_S: Final = 3_600.0
SEEN_AFTER: Final = 0.5
"""The part of the package after which a process is killed."""


@dataclass(kw_only=True)
class Figures:
    """What was measured. Seconds by step, peaks in bytes by process, and how far each was when it was killed."""

    package_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    killed_at: dict[str, int] = field(default_factory=dict)
    went_on_at: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[step] = time.monotonic() - began

    def saw(self, name: str, peak: int) -> None:
        self.peaks[name] = max(peak, self.peaks.get(name, 0))


class Giant:
    """One run over a network. ``killed_node``: whose worker is killed while it fetches, from ``sender``."""

    def __init__(self, network: Network, folder: Path, *, killed_node: str, sender: str) -> None:
        self._network = network
        self._sender = sender
        self._folder = folder
        self._killed_node = killed_node
        self.figures = Figures()

    async def run(self, *, attachment_bytes: int, number: int, in_container: bool) -> Figures:
        """Makes, sends, carries and downloads a package with one attachment. Raises if anything is lost or differs.

        ``in_container``: a file in a signed ASiC-E container; else base64 in an edXML file.
        """
        figures, package = self.figures, self._folder / ("giant.asice" if in_container else "giant.edxml")
        for process in self._network.fleet.processes.values():  # others may have driven peaks up before
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        with figures.timing("make"):
            await asyncio.to_thread(self._make, package, header(COMMUNE, [CENTRE], number), attachment_bytes)
        figures.package_bytes = package.stat().st_size
        with figures.timing("upload and submit"):
            submission = await asyncio.to_thread(self._send, package)
        document, sha256 = submission["id"], submission["package"]["sha256"]
        with figures.timing("carry"):
            await asyncio.to_thread(self._kill_a_fetch, sha256)
            await self._arrived(document)
        self.figures.went_on_at["fetch"] = await asyncio.to_thread(self._fetched_from)
        package.unlink()
        with figures.timing("download"):
            await asyncio.to_thread(self._take, document, sha256)
        self._read_peaks()
        return figures

    def _make(self, package: Path, about: DocumentHeader, attachment_bytes: int) -> None:
        if package.suffix == ".edxml":
            write_package(package, about, attachment_bytes=attachment_bytes)
            return
        profile = load_profile(self._profile(COMMUNE))
        if profile.p12 is None or profile.p12_password is None:
            raise LookupError("The profile names no signing key.")
        key = LocalKey.load(profile.p12, profile.p12_password.get_secret_value())
        write_container(package, about, attachment_bytes=attachment_bytes, key=key)

    def _send(self, package: Path) -> dict[str, Any]:
        """The node's API is killed while the bytes come; the client goes on by itself."""
        arguments = ("send", self._profile(COMMUNE), str(package), str(self._folder / "memory"))
        client = _start(*arguments)
        uploads = self._network.site.state_dir / "nodes" / COMMUNE / "uploads"
        api = f"{COMMUNE}-api"
        self._wait_for(lambda: _largest(uploads) >= SEEN_AFTER * self.figures.package_bytes)
        self.figures.killed_at["upload"] = self._kill(api, lambda: _largest(uploads))
        self._network.fleet[api].start()
        ended = _ended(client)
        self.figures.saw("client that sends", ended["peak"])
        self.figures.went_on_at["upload"] = max(ended["starts"])
        return dict(ended["answer"])

    def _kill_a_fetch(self, sha256: str) -> None:
        part = self._network.site.state_dir / "nodes" / self._killed_node / "pulls" / f"{sha256}.part"
        worker = f"{self._killed_node}-worker"
        self._wait_for(lambda: _size(part) >= SEEN_AFTER * self.figures.package_bytes)
        self.figures.killed_at["fetch"] = self._kill(worker, lambda: _size(part))
        self._network.fleet[worker].start()

    def _fetched_from(self) -> int:
        """Where the fetch went on: the sending node was asked for a part, which is what its log calls a 206."""
        log = self._network.fleet[f"{self._sender}-api"].log.read_text(errors="replace").splitlines()
        asked = [json.loads(line) for line in log if "/v1/packages/" in line and line.startswith("{")]
        parts = [one for one in asked if one.get("status") == 206]
        return self.figures.killed_at["fetch"] if parts else 0

    def _take(self, document: str, sha256: str) -> None:
        """The client is killed and started anew."""
        out = self._folder / "taken.edxml"
        part = out.with_name("taken.edxml.part")
        arguments = ("take", self._profile(CENTRE), document, sha256, str(out))
        client = _start(*arguments)
        self._wait_for(lambda: _size(part) >= SEEN_AFTER * self.figures.package_bytes)
        self.figures.saw("client that takes", _peak(client.pid))
        client.kill()
        client.communicate()
        self.figures.killed_at["download"] = _size(part)
        ended = _ended(_start(*arguments))
        self.figures.saw("client that takes", ended["peak"])
        self.figures.went_on_at["download"] = ended["starts"][0]
        if out.stat().st_size != self.figures.package_bytes:
            raise AssertionError("The download has another length.")
        out.unlink()

    def _kill(self, name: str, reached: Callable[[], int]) -> int:
        """Kills a process as ``kill -9`` does; gives how far it had come."""
        process: PrivateServer = self._network.fleet[name]
        self.figures.saw(name, _peak(process.pid))
        process.kill()
        return reached()

    async def _arrived(self, document: str) -> None:
        """Waits until the centre's inbox has it, and takes it."""
        async with asyncio.timeout(PATIENCE_S), self._network.client(CENTRE) as client:
            office = Office(CENTRE, client)
            while document not in office.documents:
                await office.take(office.taken.total() + 1, timeout_s=PATIENCE_S)

    def _wait_for(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError("It never came so far.")
            time.sleep(LOOK_S)

    def _read_peaks(self) -> None:
        for name, process in self._network.fleet.processes.items():
            self.figures.saw(name, _peak(process.pid))

    def _profile(self, agency: str) -> str:
        return str(self._network.site.profile_path(AgencyCode(agency)))


class TwoBrokers(Network):
    """Commune and province on one broker, the centre on another."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, plan=_short_line())
        self.second = type(self.rabbitmq)(directory / "rabbitmq-2")

    def __enter__(self) -> Self:
        self.second.start()
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.second.stop()

    def placed(self, site: Site) -> Site:
        """Every node knows the two brokers by their names."""
        addresses = {"hoa-binh": self.rabbitmq.url(), "trung-uong": self.second.url()}
        nodes = {
            name: dataclasses.replace(node, brokers={one: addresses[one] for one in node.brokers})
            for name, node in site.nodes.items()
        }
        return dataclasses.replace(site, nodes=nodes)


def _short_line() -> Plan:
    """Commune, province and centre."""
    brokers = {COMMUNE: "hoa-binh", PROVINCE: "hoa-binh", CENTRE: "trung-uong"}
    whole = four_levels()
    nodes = tuple(
        dataclasses.replace(one, broker=brokers[one.id], parent=NodeId(PROVINCE) if one.id == COMMUNE else one.parent)
        for one in whole.nodes
        if one.id in brokers
    )
    agencies = tuple(
        one.model_copy(update={"parent": AgencyCode(PROVINCE)}) if one.code == COMMUNE else one
        for one in whole.agencies
        if one.code in brokers
    )
    return Plan(nodes=nodes, agencies=agencies)


def _start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.system.giant_client", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ended(client: "subprocess.Popen[str]") -> dict[str, Any]:
    """What the client printed."""
    out, _ = client.communicate(timeout=PATIENCE_S)
    if client.returncode:
        raise AssertionError(f"The client failed with {client.returncode}.")
    return dict(json.loads(out))


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _largest(folder: Path) -> int:
    return max(map(_size, folder.iterdir()), default=0)


def _told(figures: Figures) -> str:
    total = sum(seconds for step, seconds in figures.seconds.items() if step != "make")
    lines = [f"package {figures.package_bytes / GIB:.2f} GiB, from commune to centre and taken in {total:.0f} s"]
    lines += [f"  {step:<20} {seconds:7.1f} s" for step, seconds in figures.seconds.items()]
    went_on = figures.went_on_at
    lines += [
        f"  {what:<12} killed at {size / GIB:5.2f} GiB, went on at {went_on[what] / GIB:5.2f} GiB"
        for what, size in figures.killed_at.items()
    ]
    lines += [f"  peak of {name:<20} {peak / MIB:6.0f} MiB" for name, peak in sorted(figures.peaks.items())]
    return "\n".join(lines)


def main() -> None:
    """Runs the giant for real, with everything in a temporary folder that is gone at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attachment-mib", type=int, default=4 * 1024)
    parser.add_argument("--edxml", action="store_true", help="in base64 instead of a container: a third larger")
    parser.add_argument("--folder", type=Path, default=None, help="where some 35 GiB are free")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="lienthong-giant-", dir=options.folder) as folder,
        TwoBrokers(Path(folder)) as network,
    ):
        giant = Giant(network, Path(folder), killed_node=PROVINCE, sender=COMMUNE)
        figures = asyncio.run(
            giant.run(attachment_bytes=options.attachment_mib * MIB, number=9_004, in_container=not options.edxml)
        )
    sys.stdout.write(_told(figures) + "\n")
    if max(figures.peaks.values()) > ALLOWED_PEAK_BYTES:
        raise SystemExit(f"A process needed more than {ALLOWED_PEAK_BYTES // MIB} MiB.")
    if not all(figures.went_on_at.values()):
        raise SystemExit("Something began anew instead of going on.")


if __name__ == "__main__":
    main()
