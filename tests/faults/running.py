"""What the fault machine and the outages share: offices at work, and waiting until nothing is open any more."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from tests.faults.ledger import Ledger, Promise
from tests.faults.letters import Letter
from tests.faults.offices import DESKS, FOLLOWED_AT_ONCE, Office, key_of
from tests.faults.place import NODES, Place

PATIENCE_S: Final = 180.0
"""How long nothing at all may move before the judge comes. Back-offs last a minute; what a broker has forgotten is sent
again after half a minute, after one, after two."""
QUIET_S: Final = 3.0
"""How long everything must have been at its place: time for what would come twice."""
LOOKS_AT_ONCE: Final = 12


async def offices_at(
    place: Place, ledger: Ledger, written: Sequence[Letter], stack: AsyncExitStack
) -> dict[str, Office]:
    """The office of each agency."""
    by_key = {key_of(letter): letter for letter in written}
    offices = {}
    for code in NODES:
        folder = place.folder / "offices" / code
        (folder / "again").mkdir(parents=True)
        client = await stack.enter_async_context(place.client(code))
        offices[code] = Office(code, client, ledger=ledger, folder=folder, letters=by_key)
    return offices


@asynccontextmanager
async def working(offices: Mapping[str, Office]) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    """While the block runs, all clerks work; it fails if one of them has found what must not be."""
    clerks = [asyncio.create_task(office.work(desk)) for office in offices.values() for desk in range(DESKS)]
    clerks += [asyncio.create_task(office.follow()) for office in offices.values() for _ in range(FOLLOWED_AT_ONCE)]
    try:
        yield clerks
        raise_if_ended(clerks)
    finally:
        for clerk in clerks:
            clerk.cancel()
        await asyncio.gather(*clerks, return_exceptions=True)


def raise_if_ended(clerks: Sequence[asyncio.Task[None]]) -> None:
    """Clerks work until they are cancelled: one that ends has found something that must not be."""
    for clerk in clerks:
        if clerk.done():
            clerk.result()


async def settled(offices: Mapping[str, Office], ledger: Ledger, *, patience_s: float = PATIENCE_S) -> None:
    """Waits until nothing is open, as long as something still moves."""
    seen, since = (0, 0, 0), time.monotonic()
    while time.monotonic() - since < patience_s:
        now = (len(ledger.promises), len(ledger.takes), len(ledger.views))
        if now != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > QUIET_S and not _is_open(offices, ledger):
            return
        await asyncio.sleep(0.1)


async def look_again(offices: Mapping[str, Office], ledger: Ledger) -> None:
    """The last view of every letter."""
    gate = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(promise: Promise) -> None:
        async with gate:
            await offices[promise.sender].look_again(promise.document)

    await asyncio.gather(*(look(promise) for promise in ledger.promises.values() if promise.sha256))


def _is_open(offices: Mapping[str, Office], ledger: Ledger) -> bool:
    if any(office.open_answers for office in offices.values()):
        return True
    taken = {(take.document, take.agency) for take in ledger.takes}
    for promise in ledger.promises.values():
        if promise.sha256 and promise.document not in ledger.views:
            return True
        if not promise.sha256 and any((promise.document, agency) not in taken for agency in promise.recipients):
            return True
    return False
