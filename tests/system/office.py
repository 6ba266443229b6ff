"""The e-office system of one agency, as the system tests play it: sends, takes, answers, remembers what it saw."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.errors import ProblemError
from lienthong.sdk.models import Claim, Submission
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.errors import Unavailable

AGENCIES = ("G22", "H28", "H28.31", "H28.31.05")
QUIET_S = 1.0


def _raise_unless_passing(error: ProblemError | Unavailable) -> None:
    if isinstance(error, ProblemError) and error.status < 500:
        raise error


@contextlib.contextmanager
def _passing_failures() -> Iterator[None]:
    try:
        yield
    except (ProblemError, Unavailable) as error:
        _raise_unless_passing(error)


@dataclass
class Office:
    """One agency's system."""

    code: str
    client: LienthongClient
    taken: Counter[str] = field(default_factory=Counter)
    """Delivery id → how often its acknowledgement was accepted as new work here."""
    documents: dict[str, Claim] = field(default_factory=dict)

    async def send(self, package: Path, *, key: str | None = None) -> Submission:
        """Submits an edXML file, again and again until the node has answered for it."""
        async with asyncio.timeout(120):
            while True:
                try:
                    return await self.client.submit(package, media_type=EDXML, idempotency_key=key or package.name)
                except (ProblemError, Unavailable) as error:
                    _raise_unless_passing(error)
                    await asyncio.sleep(0.5)

    async def take(self, count: int, *, timeout_s: float = 120) -> None:
        """Claims and acknowledges until ``count`` deliveries in all were taken."""
        async with asyncio.timeout(timeout_s):
            while self.taken.total() < count:
                if not await self._take_some():
                    await asyncio.sleep(0.1)

    async def take_until_quiet(self) -> None:
        """Empties the inbox: returns when nothing has come for a while."""
        last = time.monotonic()
        while time.monotonic() - last < QUIET_S:
            if await self._take_some():
                last = time.monotonic()
            await asyncio.sleep(0.1)

    async def _take_some(self) -> int:
        claims: tuple[Claim, ...] = ()
        with _passing_failures():
            claims = await self.client.claim(limit=50, lease=timedelta(seconds=60))
        for claim in claims:
            with _passing_failures():
                await self.client.acknowledge(claim)
                self.taken[claim.delivery_id] += 1
                self.documents[claim.document.id] = claim
        return len(claims)
