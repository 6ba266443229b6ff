"""The first half of the story: reports go up, a directive comes down, everyone answers, and all of it is verified."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from lienthong.embedded.actors import Actor, Plan, actor
from lienthong.embedded.plans import REFUSAL, plans
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import Site
from lienthong.sdk.models import Document, Submission, TimelineEntry
from lienthong.sdk.taking import Taken
from lienthong.sdk.verifying import Verdict, load_trust, verify_file
from lienthong.shared.clients.signing import SigningClient
from lienthong.shared.edxml.model import BusinessStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One document after its journey, as its sender sees it; ``sent`` is the folder of what was sent."""

    plan: Plan
    sent: Path
    submission: Submission
    document: Document
    timeline: tuple[TimelineEntry, ...]
    taken: tuple[Taken, ...]

    @property
    def name(self) -> str:
        """Number and symbol."""
        return f"{self.plan.letter.number}/{self.plan.letter.notation}"

    def files(self) -> Iterator[tuple[str, Path]]:
        """What came out of the journey: packages and attachments at the recipients, and the sender's receipt."""
        for code, taken in zip(self.plan.recipients, self.taken, strict=True):
            yield f"package at {code}", taken.package
            for attachment in taken.attachments:
                yield f"{attachment.name} at {code}", attachment
        yield f"receipt of {self.plan.sender}", self.sent / "receipt.jws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What offline verification says of one file."""

    document: str
    what: str
    verdict: Verdict


@asynccontextmanager
async def cast(site: Site, secrets: SecretBox) -> AsyncIterator[Mapping[str, Actor]]:
    """The actors by agency code, for as long as the block runs."""
    async with httpx.AsyncClient() as http:
        yield {one.code: actor(site, secrets, one, http=http) for one in site.network.agencies}


async def tell(actors: Mapping[str, Actor], *, run: int, out: Path) -> AsyncIterator[Told]:
    """Sends each document of the story, has it taken in and answered, and yields it when its answers are back.

    Raises:
        NotArrived: Something did not come in time.
        ProblemError: A node refused something.
    """
    for number, plan in enumerate(plans(run), 1):
        yield await _one(actors, plan, sent=out / "sent" / f"{number}", inboxes=out / "received")


async def _one(actors: Mapping[str, Actor], plan: Plan, *, sent: Path, inboxes: Path) -> Told:
    sender = actors[plan.sender]
    agencies = [actors[code].agency for code in plan.recipients]
    submission = await sender.send(plan, agencies, folder=sent)
    taken = await asyncio.gather(
        *(_take_and_answer(actors[code], sender, (plan, submission), out=inboxes / code) for code in plan.recipients)
    )
    document = await sender.client.document(submission.id)
    timeline = await sender.client.timeline(submission.id)
    await sender.take_answers(out=inboxes / plan.sender)
    return Told(plan=plan, sent=sent, submission=submission, document=document, timeline=timeline, taken=tuple(taken))


async def _take_and_answer(recipient: Actor, sender: Actor, what: tuple[Plan, Submission], *, out: Path) -> Taken:
    """Each status waits for the one before to arrive, as it would with people: overtaken ones are not applied."""
    plan, submission = what
    taken = await recipient.take(submission.id, out=out)
    for status in plan.answers:
        reason = REFUSAL if status is BusinessStatus.REFUSED else ""
        await recipient.answer(submission.id, status, reason=reason)
        await sender.answered(submission.id, recipient.agency.code, status)
    return taken


async def verified(site: Site, told: Sequence[Told], *, out: Path) -> list[Proof]:
    """Judges every package and PDF that arrived, and every receipt, with nothing but files: offline."""
    async with httpx.AsyncClient() as http:
        trust_list = await SigningClient(site.signing.url, http).trust_list()
    await asyncio.to_thread((out / "trust-list.jws").write_text, trust_list)
    await asyncio.to_thread(shutil.copyfile, site.root_path, out / "root.pem")
    now = datetime.now(UTC)
    trust = load_trust(out / "root.pem", out / "trust-list.jws", now=now)

    def judged() -> list[Proof]:
        return [
            Proof(document=one.name, what=what, verdict=verify_file(file, trust=trust, at=now))
            for one in told
            for what, file in one.files()
        ]

    return await asyncio.to_thread(judged)
