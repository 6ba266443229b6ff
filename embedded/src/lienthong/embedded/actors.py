"""The agencies of the demo as their e-office systems act: write, sign, send, take in, answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from lienthong.embedded.letter_pdf import SIGNATURE_BOX, letter_pdf
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import Site
from lienthong.sdk import LienthongClient
from lienthong.sdk.composing import Letter, compose_header, compose_package
from lienthong.sdk.letter_signing import LetterSigning, sign_letter
from lienthong.sdk.models import Agency, Submission
from lienthong.sdk.profile import load_profile
from lienthong.sdk.stamping import time_stamping
from lienthong.sdk.taking import Taken, take_one
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.errors import Unavailable
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.time_stamps import Stamp

ARRIVAL_LIMIT = timedelta(seconds=20)
"""In which a document must have arrived; hops take milliseconds."""
_CLAIM_LIMIT = 100
_LOOK_S = 0.05
_LONG_POLL = timedelta(seconds=2)


class NotArrived(Unavailable):
    """A document or an answer did not come in time."""

    code = "demo-not-arrived"
    title = "Something did not arrive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One document of the story. Every recipient gives the same ``answers``.

    ``remote``: the node builds the package and signs it with the agency's remote key.
    """

    sender: str
    recipients: tuple[str, ...]
    letter: Letter
    lines: tuple[str, ...]
    answers: tuple[BusinessStatus, ...]
    remote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One agency: its client, its head's key and its own, and a way to the time-stamping authority."""

    agency: AgencyEntry
    client: LienthongClient
    officer_key: LocalKey
    agency_key: LocalKey
    stamp: Stamp | None

    async def send(self, plan: Plan, recipients: Sequence[AgencyEntry], *, folder: Path) -> Submission:
        """Writes the PDF, has it signed twice, puts it into a signed package and submits that."""
        at = datetime.now(UTC)
        pdf = folder / "van-ban.pdf"
        await asyncio.to_thread(self._write_pdf, plan, pdf, at)
        header = compose_header(
            plan.letter, sender=_shown(self.agency), recipients=[_shown(one) for one in recipients], at=at
        )
        if plan.remote:
            submission = await self.client.submit_files(header, [pdf])
        else:
            package = folder / "package.edxml"
            await asyncio.to_thread(
                compose_package, header, [pdf], package, key=self.agency_key, at=at, stamp=self.stamp
            )
            submission = await self.client.submit(package, media_type=EDXML)
        (folder / "receipt.jws").write_text(submission.receipt)
        return submission

    def _write_pdf(self, plan: Plan, out: Path, at: datetime) -> None:
        """The head signs first, then the agency. Source: Decree 30/2020/NĐ-CP."""
        out.parent.mkdir(parents=True)
        plain, letter = out.with_suffix(".plain"), plan.letter
        plain.write_bytes(letter_pdf(letter.subject, plan.lines, position=letter.position, signer=letter.signer))
        signing = LetterSigning(
            agency_key=self.agency_key,
            agency_name=self.agency.name,
            document_code=f"{letter.number}/{letter.notation}",
            officer_key=self.officer_key,
            officer_name=letter.signer,
            officer_box=SIGNATURE_BOX,
            stamp=self.stamp,
        )
        sign_letter(plain, out, signing, at=at)
        plain.unlink()

    async def take(self, document_id: str, *, out: Path) -> Taken:
        """Takes in what waits until that document is among it. Raises :class:`NotArrived`."""
        try:
            async with asyncio.timeout(ARRIVAL_LIMIT.total_seconds()):
                while True:
                    taken = await self._take_all("document", out)
                    for one in taken:
                        if one.document.id == document_id:
                            return one
                    await anext(aiter(self.client.inbox(kind="document", wait=_LONG_POLL)), None)
        except TimeoutError as error:
            raise NotArrived(f"Document {document_id} has not arrived at {self.agency.code}.") from error

    async def take_answers(self, *, out: Path) -> list[Taken]:
        """Takes in the status packages that wait."""
        return await self._take_all("status", out)

    async def _take_all(self, kind: str, out: Path) -> list[Taken]:
        claims = await self.client.claim(kind=kind, limit=_CLAIM_LIMIT)
        return [await take_one(self.client, claim, out=out) for claim in claims]

    async def answer(self, document_id: str, status: BusinessStatus, *, reason: str = "") -> None:
        """Posts a status."""
        staff = StaffInfo(department="Văn thư", staff="Cán Bộ Thử")
        await self.client.post_status(document_id, status, description=reason, staff=staff)

    async def answered(self, document_id: str, recipient: str, status: BusinessStatus) -> None:
        """Returns once that recipient's status has come back. Raises :class:`NotArrived`."""
        try:
            async with asyncio.timeout(ARRIVAL_LIMIT.total_seconds()):
                while True:
                    document = await self.client.document(document_id)
                    if (recipient, status) in {(one.code, one.business_status) for one in document.deliveries}:
                        return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            raise NotArrived(f"Status {status.value} of {recipient} on {document_id} has not come back.") from error


def actor(site: Site, secrets: SecretBox, agency: AgencyEntry, *, http: httpx.AsyncClient) -> Actor:
    """The actor of one agency, with its provisioned profile and keys, on connections that the caller closes."""
    code = agency.code
    profile = load_profile(str(site.profile_path(code)))
    return Actor(
        agency=agency,
        client=profile.client(http),
        officer_key=LocalKey.load(site.officer_path(code), secrets[f"officer-{code}"]),
        agency_key=LocalKey.load(site.agency_path(code), secrets[f"agency-{code}"]),
        stamp=time_stamping(profile.tsa_url) if profile.tsa_url else None,
    )


def _shown(agency: AgencyEntry) -> Agency:
    return Agency.model_validate(agency.model_dump(mode="json"))
