"""The national directory, measured: snapshot, look-ups, search, and the act of July 2025 with reading going on.

Run by ``make bench-directory``; ``--database sqlite`` or ``postgresql`` measures one of them. Memory is the growth of
the resident set; times are of the wall, and of the processor where that is said.
"""

import argparse
import asyncio
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table

from deploy.servers import PrivatePostgres, create_database
from lienthong.registry.config import MIGRATIONS
from lienthong.registry.domain.agencies import search_text
from lienthong.registry.storage.agencies import AgencyQuery
from lienthong.registry.usecases.apply_reorganisations import Applier
from lienthong.registry.usecases.decide_reorganisation import Decider, approve_reorganisation
from lienthong.registry.usecases.place_agencies import place_agencies
from lienthong.registry.usecases.place_nodes import put_nodes
from lienthong.registry.usecases.publish_directory import DirectoryPublisher
from lienthong.registry.usecases.read_agencies import get_agency
from lienthong.registry.usecases.search_agencies import AgencySearch
from lienthong.registry.usecases.upload_reorganisation import UploadedFile, upload_reorganisation
from lienthong.shared.database import Database
from lienthong.shared.directory import Directory, open_snapshot
from lienthong.shared.migrating import migrate
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.tokens import Principal
from tests.support.nation import Nation, act_file_of_2025, make_nation
from tests.support.pki import PKI

NOW: Final = datetime(2025, 6, 30, 8, tzinfo=UTC)
EFFECTIVE: Final = datetime(2025, 6, 30, 17, tzinfo=UTC)
QUERIES: Final = 500
LOOKUPS: Final = 11_000
R = TypeVar("R")
Measured = list[tuple[str, str, str]]


@contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Puts the seconds that the block takes into ``into``."""
    started = time.perf_counter()
    yield
    into[name] = time.perf_counter() - started


async def measure(url: str, nation: Nation, *, label: str) -> Measured:
    """All figures over one database."""
    pki = PKI.new(NOW)
    seal_key, took = pki.directory_seal(), dict[str, float]()
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    database = Database(url)
    try:
        await put_nodes(database, nation.nodes, by="benchmark", now=NOW)
        with timed(took, "import"):
            await place_agencies(database, list(enumerate(nation.agencies, 1)), by="benchmark", now=NOW)
        rows = [(f"{label}: import of {len(nation.agencies)} agencies", f"{took['import']:.1f} s", "–")]
        rows += await _snapshot(database, pki, seal_key, label=label)
        rows += await _search(database, nation, label=label)
        rows += await _act(database, nation, seal_key, label=label)
    finally:
        await database.close()
    return rows


async def _snapshot(database: Database, pki: PKI, seal_key: SealKey, *, label: str) -> Measured:
    took = dict[str, float]()
    publisher = DirectoryPublisher(database=database, seal_key=seal_key, lifetime=timedelta(days=1), clock=lambda: NOW)
    gc.collect()
    before = _resident_mib()
    with timed(took, "published"):
        published = await publisher.published()
    with timed(took, "loaded"):
        directory = Directory(open_snapshot(published.jws, trust=pki.trust(), now=NOW))
    gc.collect()
    held = _resident_mib() - before
    codes = [agency.code for agency in directory.snapshot.agencies[:LOOKUPS]]
    with timed(took, "lookups"):
        for code in codes:
            directory.agency(code)
    whole = took["published"] + took["loaded"]
    return [
        (f"{label}: snapshot built, sealed, verified, loaded", f"{whole:.2f} s, {held:.0f} MiB", "3 s, 150 MiB"),
        ("sealed snapshot", f"{len(published.jws) / 2**20:.1f} MiB", "–"),
        ("look-up in a node's directory", f"{took['lookups'] / len(codes) * 1e6:.1f} µs", "5 µs"),
    ]


async def _search(database: Database, nation: Nation, *, label: str) -> Measured:
    random = Random(7)  # noqa: S311 — the same queries each time
    search, took = AgencySearch(database), dict[str, float]()
    with timed(took, "index"):
        await search.refresh()
    times = []
    for _ in range(QUERIES):
        words = search_text(random.choice(nation.agencies).name).split()
        at = random.randrange(len(words))
        words[at] = words[at][1:] + words[at][:1] if random.random() < 0.5 else words[at]
        started = time.perf_counter()
        await search.search(AgencyQuery(text=" ".join(words), limit=50))
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    p99 = times[int(len(times) * 0.99)]
    return [
        (f"{label}: search index made", f"{took['index']:.1f} s", "–"),
        (f"{label}: search, half of it mistyped", f"{statistics.median(times):.1f} ms, p99 {p99:.1f} ms", "p99 50 ms"),
    ]


async def _act(database: Database, nation: Nation, seal_key: SealKey, *, label: str) -> Measured:
    took = dict[str, float]()
    content = act_file_of_2025(nation)
    operators = [Principal(client_id=f"operator.{one}", agency=None, scopes=frozenset()) for one in "ab"]
    with timed(took, "upload"):
        act = await upload_reorganisation(database, UploadedFile(content=content), by="operator.a", now=NOW)
    with timed(took, "approve"):
        decider = Decider(principal=operators[1], reason="benchmark", now=NOW)
        await approve_reorganisation(database, act.id, decider, seal_key=seal_key)
    reading = _Reading(database, nation)
    with timed(took, "apply"):
        [applied] = await reading.during(Applier(database=database, seal_key=seal_key).apply_due, EFFECTIVE)
    counts = applied.applied.counts if applied.applied else {}
    return [
        (f"{label}: act of {act.operations} operations uploaded", f"{took['upload']:.1f} s", "–"),
        (f"{label}: tried and approved", f"{took['approve']:.1f} s", "–"),
        (
            f"{label}: applied ({counts.get('closed')} closed, {counts.get('opened')} opened)",
            f"{took['apply']:.1f} s",
            "60 s",
        ),
        (
            f"{label}: look-ups meanwhile",
            f"{reading.count}, slowest {reading.slowest_s * 1000:.0f} ms, {reading.failed} failed",
            "none fails",
        ),
    ]


class _Reading:
    """Looks agencies up, one after the other, while something else is under way."""

    def __init__(self, database: Database, nation: Nation) -> None:
        self._database = database
        self._codes = [agency.code for agency in nation.agencies]
        self.count, self.failed, self.slowest_s = 0, 0, 0.0

    async def during(self, work: Callable[[datetime], Awaitable[R]], at: datetime) -> R:
        """What ``work`` gives."""
        task = asyncio.create_task(self._read())
        try:
            return await work(at)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self) -> None:
        random = Random(11)  # noqa: S311 — the same order each time
        while True:
            started = time.perf_counter()
            seen = await get_agency(self._database, random.choice(self._codes))
            self.failed += not seen.entry.name
            self.slowest_s = max(self.slowest_s, time.perf_counter() - started)
            self.count += 1
            await asyncio.sleep(0.01)


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _shown(rows: Measured) -> None:
    table = Table("What", "Measured", "Goal")
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


async def _run(which: list[str]) -> None:
    nation = make_nation()
    with tempfile.TemporaryDirectory() as folder:
        if "sqlite" in which:
            _shown(await measure(f"sqlite:///{folder}/registry.sqlite", nation, label="SQLite"))
        if "postgresql" in which:
            with PrivatePostgres(Path(folder) / "postgres") as server:
                url = create_database(server.url(), "registry")
                _shown(await measure(url, nation, label="PostgreSQL"))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    asyncio.run(_run(parser.parse_args().database or ["sqlite", "postgresql"]))


if __name__ == "__main__":
    main()
