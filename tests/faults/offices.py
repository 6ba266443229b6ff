"""The e-office systems of the four agencies: they write, take, answer and follow, and never give up.

An office keeps its own book. It takes a document in when the node has accepted the acknowledgement, and never before.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.errors import DownloadCorrupt, ProblemError
from lienthong.sdk.models import Claim, Submission
from lienthong.shared.clients.registry import TokenRefused
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.errors import Unavailable
from tests.faults.ledger import Ledger, Promise, Take, View
from tests.faults.letters import Letter, write_letter

T = TypeVar("T")

DESKS: Final = 2
"""Clerks who claim at the same time, at each office."""
CLAIMED_AT_ONCE: Final = 8
LEASE: Final = timedelta(seconds=30)
HASTY_LEASE: Final = timedelta(seconds=1)
"""A clerk who claims for so short a time is often late; somebody else has the document then."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.0
FOLLOWED_AT_ONCE: Final = 3
FINAL: Final = {"done", "fail"}
LATER_S: Final = 5.0
"""After its answer a request is repeated."""


class Office:
    """One agency's system.

    Args:
        code: The agency.
        client: Speaks to its node.
        ledger: The book of the run.
        folder: Where packages are written and downloaded.
        letters: All letters of the run, by the key of their submission.
    """

    def __init__(
        self, code: str, client: LienthongClient, *, ledger: Ledger, folder: Path, letters: dict[str, Letter]
    ) -> None:
        self.code = code
        self.client = client
        self._ledger = ledger
        self._folder = folder
        self._letters = letters
        self._to_follow: asyncio.Queue[str] = asyncio.Queue()
        self.open_answers = 0
        """Statuses that are due and not yet answered for by the node."""

    async def send(self, letter: Letter) -> None:
        """Submits a letter until the node has answered for it; some requests go out several times."""
        package = await asyncio.to_thread(write_letter, letter, self._folder)
        content = await asyncio.to_thread(package.read_bytes)
        await asyncio.gather(*(self._submit(letter, content) for _ in range(letter.at_once)))
        package.unlink()
        if letter.later:
            await asyncio.sleep(LATER_S)
            await self._submit(letter, content)

    async def send_once(self, letter: Letter) -> None:
        """Submits a letter with a single request. Raises what the node, or the lack of it, gives."""
        package = await asyncio.to_thread(write_letter, letter, self._folder)
        content = await asyncio.to_thread(package.read_bytes)
        package.unlink()
        submission = await self.client.submit(content, media_type=EDXML, idempotency_key=key_of(letter))
        self._keep(key_of(letter), submission, content)

    async def send_again(self, letter: Letter, times: int) -> None:
        """Repeats the request of a letter that was answered, several times at once."""
        package = await asyncio.to_thread(write_letter, letter, self._folder / "again")
        content = await asyncio.to_thread(package.read_bytes)
        await asyncio.gather(*(self._submit(letter, content) for _ in range(times)))

    async def _submit(self, letter: Letter, content: bytes) -> None:
        key = key_of(letter)
        submission = await self._persistently(
            lambda: self.client.submit(content, media_type=EDXML, idempotency_key=key)
        )
        self._keep(key, submission, content)

    def _keep(self, key: str, submission: Submission, content: bytes) -> None:
        is_new = key not in self._ledger.promises
        self._ledger.promise(self._promised(key, submission, sha256=hashlib.sha256(content).hexdigest()), submission)
        if is_new:
            self._to_follow.put_nowait(submission.id)

    def _promised(
        self, key: str, submission: Submission, *, sha256: str = "", answers: str = "", code: str = ""
    ) -> Promise:
        accepted = {one.code: one.delivery_id for one in submission.recipients if one.outcome == "accepted"}
        return Promise(
            key=key,
            document=submission.id,
            sender=self.code,
            recipients={str(agency): str(delivery) for agency, delivery in accepted.items()},
            sha256=sha256,
            receipt=submission.receipt,
            answers=answers,
            code=code,
        )

    async def work(self, desk: int) -> None:
        """One clerk: claims, downloads, acknowledges, answers. Until cancelled."""
        chance = random.Random(f"{self.code} {desk}")  # noqa: S311 — no secret
        async with asyncio.TaskGroup() as answering:
            while True:
                hasty = chance.random() < 0.2
                lease = HASTY_LEASE if hasty else LEASE
                claims = await self._persistently(partial(self.client.claim, limit=CLAIMED_AT_ONCE, lease=lease))
                if hasty and claims:
                    await asyncio.sleep(chance.uniform(0, 3))
                for claim in claims:
                    if await self._take(claim, chance):
                        answering.create_task(self._answer(claim))
                if not claims:
                    await asyncio.sleep(0.2)

    async def _take(self, claim: Claim, chance: random.Random) -> bool:
        """Whether the document is now this office's."""
        out = self._folder / f"{claim.lease_token}.taken"
        wanted = claim.document.package.sha256
        try:
            await self._persistently(lambda: self.client.download_package(claim.document.id, out, sha256=wanted))
        except (DownloadCorrupt, ProblemError) as error:
            self._ledger.note("not-readable", document=claim.document.id, agency=self.code, error=str(error))
            return False
        sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
        out.unlink()
        letter = self._letters.get(claim.document.sender_document_id)
        done = letter is None or self.code not in letter.refused_by
        try:
            acknowledged = await self._persistently(lambda: self.client.acknowledge(claim, done=done))
            if chance.random() < 0.05:
                await self._persistently(lambda: self.client.acknowledge(claim, done=done))
                self._ledger.repeats += 1
        except ProblemError as error:
            self._ledger.note("not-taken", delivery=claim.delivery_id, code=error.code)
            return False
        self._ledger.take(
            Take(
                document=claim.document.id,
                agency=self.code,
                delivery=claim.delivery_id,
                lease_token=claim.lease_token,
                result=acknowledged.transport_status,
                sha256=sha256,
            )
        )
        return done

    async def _answer(self, claim: Claim) -> None:
        letter = self._letters.get(claim.document.sender_document_id)
        if letter is None or claim.document.kind != "document":
            return
        for code in letter.answers:
            self.open_answers += 1
            key = f"{self.code}:{letter.number}:{code}"
            about, reason = claim.document.id, "Không thuộc thẩm quyền" if code == "02" else ""
            post = partial(self.client.post_status, about, BusinessStatus(code))
            submission = await self._persistently(partial(post, description=reason, idempotency_key=key))
            self._ledger.promise(self._promised(key, submission, answers=about, code=code), submission)
            self.open_answers -= 1

    async def follow(self) -> None:
        """Looks at the office's letters until nothing is open about them. Until cancelled."""
        while True:
            document = await self._to_follow.get()
            found = await self._persistently(partial(self.client.document, document))
            self._ledger.see(found)
            if {delivery.transport_status for delivery in found.deliveries} <= FINAL:
                timeline = await self._persistently(partial(self.client.timeline, document))
                self._ledger.views[document] = View(document=found, timeline=timeline)
            else:
                self._to_follow.put_nowait(document)
                await asyncio.sleep(0.5)

    async def look_again(self, document: str) -> None:
        """Brings the view of one document up to date."""
        found = await self._persistently(lambda: self.client.document(document))
        timeline = await self._persistently(lambda: self.client.timeline(document))
        self._ledger.see(found)
        self._ledger.views[document] = View(document=found, timeline=timeline)

    async def _persistently(self, action: Callable[[], Awaitable[T]]) -> T:
        """What ``action`` gives, whatever is away for a while."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                return await action()
            except (ProblemError, Unavailable, TokenRefused) as error:
                if isinstance(error, ProblemError) and error.status < 500 and error.status not in {401, 429}:
                    raise
                self._ledger.refusals[error.code] += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 — no secret
            pause = min(pause * 2, LONGEST_PAUSE_S)


def key_of(letter: Letter) -> str:
    """The document id that the office gives a letter, in its package and as its Idempotency-Key."""
    return f"{letter.sender},2026/11/20,{letter.number}/KH-UBND"
