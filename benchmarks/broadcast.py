"""A directive to every commune of the country: what crosses each link, how long it takes, what it needs in memory.

``python -m benchmarks.broadcast --help``. The centre and each province are whole nodes (SQLite, in-process bus, the
code that runs everywhere else). Communes take messages from the bus, verify seals, passage and digest as a node does,
and acknowledge with sealed notices; they keep no database and send no evidence home. One province is dead at first.
"""

import argparse
import asyncio
import os
import platform
import resource
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.country import CENTRE, Country, communes_of, province_of
from benchmarks.directive import open_centre_and_provinces, submit_directive
from benchmarks.links import Links

DEADLINE_S = 900
"""For all communes of the living provinces, and again for those of the dead one after its return."""


class Arrivals:
    """When which commune had the document."""

    def __init__(self, country: Country) -> None:
        self._missing = {str(one) for one in country.communes}
        self._changed = asyncio.Event()
        self.at: dict[str, float] = {}

    def note(self, commune: str) -> None:
        """That ``commune`` has it: the first time counts."""
        self.at.setdefault(commune, time.perf_counter())
        self._missing.discard(commune)
        self._changed.set()

    async def until(self, missing: int) -> None:
        """Waits until no more than ``missing`` communes lack it."""
        async with asyncio.timeout(DEADLINE_S):
            while len(self._missing) > missing:
                self._changed.clear()
                await self._changed.wait()


async def broadcast(country: Country, folder: Path, *, package_bytes: int) -> tuple[Table, bool]:
    """Sends one directive to all; gives the figures, and whether each living link carried the package once."""
    arrivals, links = Arrivals(country), Links()
    dead = country.provinces[-1]
    async with AsyncExitStack() as stack:
        nodes = await open_centre_and_provinces(country, folder, links, stack)
        size = await submit_directive(nodes[CENTRE], country, folder, attachment_bytes=package_bytes)
        for commune in country.start_communes(links, arrivals.note):
            stack.callback(commune.cancel)
        begun = time.perf_counter()
        for name, node in nodes.items():
            if name != dead:
                node.start()
                stack.push_async_callback(node.stop)
        await arrivals.until(missing=len(communes_of(dead, country)))
        all_living = time.perf_counter()
        nodes[dead].start()
        stack.push_async_callback(nodes[dead].stop)
        await arrivals.until(missing=0)
        all_of_them = time.perf_counter()
    waited = sorted(at - begun for name, at in arrivals.at.items() if province_of(name) != dead)
    table = _figures(country, links, size=size, dead=dead)
    table.add_section()
    table.add_row("median commune has it after", f"{statistics.median(waited):.1f} s")
    table.add_row("all communes of living provinces", f"{all_living - begun:.1f} s")
    table.add_row("communes of the dead province, after its return", f"{all_of_them - all_living:.1f} s")
    table.add_row("peak memory, everything in one process", f"{_peak_mebibytes():.0f} MiB")
    return table, _is_once(country, links, dead=dead)


def _figures(country: Country, links: Links, *, size: int, dead: str) -> Table:
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    table = Table(title=f"{len(country.communes)} communes in {len(country.provinces)} provinces; {machine}")
    table.add_column("")
    table.add_column("", justify="right")
    down = [links.sum(CENTRE, one) for one in country.provinces if one != dead]
    out = [links.sum(province_of(one), one) for one in country.communes if province_of(one) != dead]
    table.add_row("package", f"{size:,} bytes")
    for where, carried in (("centre to a province", down), ("province to a commune", out)):
        table.add_section()
        table.add_row(f"{where}: messages with the package", f"{max(one.packages for one in carried)} at most")
        table.add_row(
            f"{where}: package bytes", f"{statistics.mean(one.body_bytes for one in carried):,.0f} on average"
        )
        table.add_row(
            f"{where}: envelope bytes", f"{statistics.mean(one.envelope_bytes for one in carried):,.0f} on average"
        )
    table.add_row("all links of the centre", f"{sum(one.body_bytes + one.envelope_bytes for one in down):,} bytes")
    return table


def _is_once(country: Country, links: Links, *, dead: str) -> bool:
    living: list[tuple[str, str]] = [(CENTRE, one) for one in country.provinces if one != dead]
    living += [(province_of(one), one) for one in country.communes if province_of(one) != dead]
    return all(links.sum(*link).packages == 1 for link in living)


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Runs once and prints; the exit status is 1 if a package crossed a living link more or less than once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provinces", type=int, default=34)
    parser.add_argument("--communes", type=int, default=11_000)
    parser.add_argument("--attachment-bytes", type=int, default=48 * 1024, help="before base64")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lienthong-broadcast-") as name:
        country = Country.made(datetime.now(UTC), provinces=options.provinces, communes=options.communes)
        table, is_once = asyncio.run(broadcast(country, Path(name), package_bytes=options.attachment_bytes))
    Console(width=110).print(table)
    print("each package crossed each link once" if is_once else "A PACKAGE CROSSED A LINK MORE OR LESS THAN ONCE")
    raise SystemExit(0 if is_once else 1)


if __name__ == "__main__":
    main()
