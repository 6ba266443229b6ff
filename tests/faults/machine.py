"""One run of the fault machine: the network comes up, traffic and faults run together, the dust settles, the judge."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.faults.audit import audited
from tests.faults.injector import Injector
from tests.faults.inquest import inquire
from tests.faults.ledger import Ledger, Promise
from tests.faults.letters import Letter, letters
from tests.faults.offices import Office
from tests.faults.oracle import Verdict, judge
from tests.faults.place import SERVICES, Place
from tests.faults.running import PATIENCE_S, look_again, offices_at, raise_if_ended, settled, working
from tests.faults.schedule import GAP_S, schedule

SUBMISSIONS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run is to do; the same plan gives the same schedule and the same letters."""

    seed: int
    faults: int
    documents: int
    without: tuple[str, ...] = ()
    """The guards that are removed from the services."""
    patience_s: float = PATIENCE_S
    """Afterwards: how long nothing at all may move before the judge comes."""


@dataclass(kw_only=True)
class Progress:
    """How far a run is."""

    struck: int = 0
    faults: int = 0
    sent: int = 0
    taken: int = 0
    stage: str = ""


@dataclass(kw_only=True)
class Outcome:
    """What a run ended with."""

    plan: Plan
    verdict: Verdict
    struck: Counter[str]
    documents: int
    statuses: int
    repeats: int
    moved_messages: int
    falls: dict[str, int]
    """Process → how often it ended although nobody had ended it."""
    passing: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0
    settled_s: float = 0.0
    """Of that, how long everything took to arrive after the last fault."""
    logs: Path | None = None


class Machine:
    """Runs one plan.

    Args:
        plan: What to do.
        keep: Where logs and ledgers go, in a folder for each seed.
        tell: Called as the run goes on.
    """

    def __init__(self, plan: Plan, *, keep: Path, tell: Callable[[Progress], None] = lambda _: None) -> None:
        self._plan = plan
        self._keep = keep
        self._tell = tell
        self._letters = letters(plan.seed, plan.documents)
        self._faults = schedule(plan.seed, plan.faults)
        self._progress = Progress(faults=plan.faults)

    async def run(self) -> Outcome:
        """The whole run."""
        folder = Path(tempfile.mkdtemp(prefix="lienthong-faults-"))
        began = time.monotonic()
        try:
            outcome = await self._run(folder)
            outcome.wall_s = time.monotonic() - began
            outcome.logs = await asyncio.to_thread(self._kept, folder)
            return outcome
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _run(self, folder: Path) -> Outcome:
        self._say("starting")
        ledger = Ledger(folder / "ledger.jsonl")
        async with AsyncExitStack() as stack:
            stack.callback(ledger.close)
            place = await stack.enter_async_context(Place(folder, without=self._plan.without))
            offices = await offices_at(place, ledger, self._letters, stack)
            injector = Injector(place, offices, letters=self._letters, ledger=ledger)
            watching = asyncio.create_task(self._watch(ledger, injector))
            stack.callback(watching.cancel)
            async with working(offices) as clerks:
                await self._storm(injector, offices, clerks)
                await self._mend(place)
                self._say("settling")
                began = time.monotonic()
                await settled(offices, ledger, patience_s=self._plan.patience_s)
                settled_s = time.monotonic() - began
            self._say("judging")
            await look_again(offices, ledger)
            outcome = self._outcome(place, ledger, injector)
            outcome.settled_s = settled_s
            audit = await audited(place)
            outcome.verdict.audit, outcome.verdict.audited = list(audit.broken), audit.checked
            if not outcome.verdict.is_clean:
                documents = [one.document for one in ledger.promises.values() if not _is_taken(one, ledger)]
                lines = await inquire(place, documents)
                (folder / "inquest.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            return outcome

    async def _storm(
        self, injector: Injector, offices: dict[str, Office], clerks: Sequence[asyncio.Task[None]]
    ) -> None:
        """Traffic and faults together, until both have ended."""
        self._say("running")
        lasts_s = max(self._plan.faults * GAP_S, 5.0)
        async with asyncio.TaskGroup() as work:
            striking = work.create_task(injector.strike(self._faults))
            sending = work.create_task(self._send_all(offices, lasts_s))
            await asyncio.wait([striking, sending, *clerks], return_when=asyncio.FIRST_COMPLETED)
            raise_if_ended(clerks)
        raise_if_ended(clerks)

    async def _send_all(self, offices: dict[str, Office], lasts_s: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        gates = {code: asyncio.Semaphore(SUBMISSIONS_AT_ONCE) for code in offices}

        async def send(letter: Letter) -> None:
            async with gates[letter.sender]:
                await offices[letter.sender].send(letter)
            self._progress.sent += 1

        async with asyncio.TaskGroup() as sending:
            for letter in self._letters:
                await asyncio.sleep(max(0.0, began + letter.at * lasts_s - loop.time()))
                sending.create_task(send(letter))

    async def _mend(self, place: Place) -> None:
        """Everything is whole, running and reachable."""
        self._say("mending")
        for name in place.links.names:
            await place.links.set(name, "open")
        for service in place.services.all():
            service.control.move_clock(timedelta())
            service.control.fill_disk(full=False)
        for name in SERVICES:
            await place.services.launch(name)
        await place.services.until_ready(SERVICES)

    async def _watch(self, ledger: Ledger, injector: Injector) -> None:
        while True:
            self._progress.struck = injector.struck.total()
            self._progress.taken = len(ledger.takes)
            self._tell(self._progress)
            await asyncio.sleep(0.5)

    def _say(self, stage: str) -> None:
        self._progress.stage = stage
        self._tell(self._progress)

    def _outcome(self, place: Place, ledger: Ledger, injector: Injector) -> Outcome:
        letters_promised = sum(bool(promise.sha256) for promise in ledger.promises.values())
        verdict = judge(ledger)
        unsent = self._plan.documents - letters_promised
        if unsent:
            verdict.complaints.append(f"{unsent} letters were never answered for")
        return Outcome(
            plan=self._plan,
            verdict=verdict,
            struck=Counter({kind.value: count for kind, count in injector.struck.items()}),
            documents=letters_promised,
            statuses=len(ledger.promises) - letters_promised,
            repeats=ledger.repeats,
            moved_messages=injector.moved_messages,
            falls={service.name: service.falls for service in place.services.all() if service.falls},
            passing=ledger.refusals,
        )

    def _kept(self, folder: Path) -> Path:
        """Copies what tells about the run."""
        kept = self._keep / "-".join([str(self._plan.seed), *self._plan.without])
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for name in ("ledger.jsonl", "inquest.txt"):
            if (folder / name).exists():
                shutil.copy(folder / name, kept)
        for log in folder.glob("services/*/server.log"):
            shutil.copy(log, kept / f"{log.parent.name}.log")
        for log in folder.glob("*/server.log"):
            shutil.copy(log, kept / f"{log.parent.name}.log")
        return kept


def _is_taken(promise: Promise, ledger: Ledger) -> bool:
    taken = {take.agency for take in ledger.takes if take.document == promise.document}
    return taken >= promise.recipients.keys()
