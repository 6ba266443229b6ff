"""``python -m tests.faults.outages``: parts of the network are away for long, while the offices write on.

First the registry, the signing service and the centre's broker are away together; then the node of the province, which
is the parent of one node and the child of another. Submissions at every node that is there must not fail once; when
everything is back, everything must arrive, once.
"""

import argparse
import asyncio
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from lienthong.sdk.errors import ProblemError
from lienthong.shared.errors import LienthongError
from tests.faults.ledger import Ledger
from tests.faults.letters import Letter, letters
from tests.faults.offices import Office, key_of
from tests.faults.oracle import Verdict, judge
from tests.faults.place import Place
from tests.faults.running import look_again, offices_at, settled, working

PARENT: Final = "H28"
BROKER: Final = "centre"
LETTERS_PER_S: Final = 1.0
STAGES: Final = 2
WARM_UP_LETTERS: Final = 8
"""Sent before anything is away: each office has its token then."""


@dataclasses.dataclass(kw_only=True)
class Outages:
    """What one run of the scenario found."""

    verdict: Verdict
    sent: int
    errors: list[str]
    """Submissions that failed at a node that was there."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict.is_clean and not self.errors


async def run(*, outage_s: float, tell: Callable[[str], None] = lambda _: None) -> Outages:
    """The whole scenario; each of the two stages lasts ``outage_s`` seconds."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-outages-"))
    each = max(8, round(outage_s * LETTERS_PER_S))
    written = letters(1, WARM_UP_LETTERS + STAGES * each)
    try:
        async with AsyncExitStack() as stack:
            ledger = Ledger(folder / "ledger.jsonl")
            stack.callback(ledger.close)
            place = await stack.enter_async_context(Place(folder))
            offices = await offices_at(place, ledger, written, stack)
            post = _Post(offices, ledger)
            async with working(offices):
                for letter in _once(written[:WARM_UP_LETTERS]):
                    await offices[letter.sender].send(letter)
                tell(f"registry, signing and the broker {BROKER} are away for {outage_s:g} s")
                async with _first_stage(place):
                    await post.carry(written[WARM_UP_LETTERS : WARM_UP_LETTERS + each], within_s=outage_s)
                tell(f"the node {PARENT} is away for {outage_s:g} s")
                async with _second_stage(place):
                    await post.carry(written[WARM_UP_LETTERS + each :], within_s=outage_s, away=PARENT)
                tell("everything is back")
                await settled(offices, ledger)
            await look_again(offices, ledger)
            return Outages(verdict=judge(ledger), sent=post.sent + WARM_UP_LETTERS, errors=post.errors)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class _Post:
    """Sends letters evenly, each once, and counts what fails."""

    def __init__(self, offices: dict[str, Office], ledger: Ledger) -> None:
        self._offices = offices
        self._ledger = ledger
        self.sent = 0
        self.errors: list[str] = []

    async def carry(self, post: tuple[Letter, ...], *, within_s: float, away: str = "") -> None:
        """All letters of the nodes that are there; those of the node that is ``away`` are not written."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as sending:
            for n, letter in enumerate(_once(post)):
                await asyncio.sleep(max(0.0, began + within_s * n / len(post) - time.monotonic()))
                if letter.sender != away:
                    sending.create_task(self._send(letter))
        await asyncio.sleep(max(0.0, began + within_s - time.monotonic()))

    async def _send(self, letter: Letter) -> None:
        office = self._offices[letter.sender]
        try:
            await office.send_once(letter)
            self.sent += 1
        except (ProblemError, LienthongError) as error:
            self.errors.append(f"{key_of(letter)}: {error.code}")


def _once(post: tuple[Letter, ...]) -> list[Letter]:
    return [dataclasses.replace(letter, at_once=1, later=False) for letter in post]


@asynccontextmanager
async def _first_stage(place: Place) -> AsyncIterator[None]:
    services = place.services
    for name in ("registry", "signing"):
        await services.kill(name)
    await asyncio.to_thread(place.brokers[BROKER].kill)
    yield
    await asyncio.to_thread(place.brokers[BROKER].start)
    for name in ("registry", "signing"):
        await services.launch(name)


@asynccontextmanager
async def _second_stage(place: Place) -> AsyncIterator[None]:
    processes = [f"{PARENT}-{role}" for role in ("api", "worker")]
    for name in processes:
        await place.services.kill(name)
    yield
    for name in processes:
        await place.services.launch(name)


def main() -> int:
    """Gives the exit status: 0 only if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.outages", description=__doc__)
    parser.add_argument("--outage", type=float, default=600, help="seconds of each of the two stages")
    options = parser.parse_args()
    console = Console(width=160)
    found = asyncio.run(run(outage_s=options.outage, tell=console.print))
    for name in ("lost", "twice", "without_document", "disagreeing", "backwards", "complaints", "dead_ends"):
        entries = getattr(found.verdict, name)
        console.print(f"{name.replace('_', ' ')}: {len(entries)} {entries[:5]}")
    console.print(f"{found.sent} documents sent; {len(found.errors)} submissions failed {found.errors[:5]}")
    console.print(f"lost {len(found.verdict.lost)} twice {len(found.verdict.twice)}", highlight=False)
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
