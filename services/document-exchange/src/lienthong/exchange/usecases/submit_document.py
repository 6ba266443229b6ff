"""Submit: flows 3 to 7. Takes a spooled package over from its sender, once, and answers with a signed receipt.

What a power cut does: before the commit of step 6 there is nothing but perhaps a blob that no document names, which
the sender's repeat will use; after it the repeat gets the same receipt, and the relay finds the outbox rows.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from lienthong.exchange.domain.deadlines import check_deadline
from lienthong.exchange.domain.document_facts import (
    business_type,
    document_kind,
    own_document_id,
    priority_of,
    read_document,
)
from lienthong.exchange.domain.resolve_recipients import Recipient, addressees, resolve_recipients
from lienthong.exchange.domain.submission import (
    Sender,
    entitled_sender,
    idempotency_key,
    require_recipient,
)
from lienthong.exchange.errors import IdempotencyKeyReused, SignatureInvalid
from lienthong.exchange.storage.submissions import SubmissionRecord, claim_submission, find_submission
from lienthong.exchange.usecases.amended_documents import NamedOriginal, amended_documents
from lienthong.exchange.usecases.drain_node import require_open
from lienthong.exchange.usecases.judge_signatures import JudgedPackage, judge_signatures
from lienthong.exchange.usecases.plan_departure import Departure, plan_departure
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.store_documents import DocumentPlan, store_documents
from lienthong.exchange.usecases.submission_answer import answer
from lienthong.shared.contracts.envelope import EnvelopeDocument
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.directory import Directory
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, Sha256, new_uuid
from lienthong.shared.signatures.policies import may_accept
from lienthong.shared.signatures.report import Report
from lienthong.shared.spooling import SpooledFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A package as it came in. ``request_sha256`` tells repeats from changes; ``key``: the client's own, if any.

    ``replies_to``: the document that a status written here speaks of. ``expires_at``: the sender's deadline.
    ``amends``: the document that a recall, update or replacement must speak of.
    """

    spooled: SpooledFile
    media_type: str
    sender: Sender
    key: str | None
    request_sha256: Sha256
    replies_to: DocumentId | None = None
    expires_at: datetime | None = None
    amends: NamedOriginal | None = None

    @property
    def asked_sha256(self) -> Sha256:
        """What was asked for, the deadline included: a repeat has the same."""
        return asked_sha256(self.request_sha256, self.expires_at)


def asked_sha256(request_sha256: Sha256, expires_at: datetime | None) -> Sha256:
    """What tells a repeat from another request."""
    if expires_at is None:
        return request_sha256
    asked = f"{request_sha256} until {expires_at.astimezone(UTC).isoformat()}"
    return Sha256(hashlib.sha256(asked.encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The answer's bytes; ``replayed``: they were given before."""

    record: SubmissionRecord
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examined:
    reading: PackageReading
    report: Report
    agency: AgencyCode
    amends: tuple[DocumentId, ...]


async def submit_document(submission: Submission, process: Process) -> Submitted:
    """Takes the package over, or answers as before.

    Raises:
        LienthongError: Whatever ``read_package`` refuses; the rules of :mod:`~..domain.submission`;
            :class:`SignatureInvalid`, :class:`IdempotencyKeyReused`.
    """
    key = idempotency_key(submission.key, submission.request_sha256)
    earlier = await earlier_submission(submission.sender.client_id, key, process, asked=submission.asked_sha256)
    if earlier is not None:
        return earlier
    await require_open(process)
    directory = process.directory.current()
    # 3 and 4. Parsed, and its signatures validated.
    examined = await _examined(submission, process, directory)
    # 5. Recipients resolved, as the directory has them now.
    recipients = resolve_recipients(
        addressees(examined.reading.content),
        here=process.here,
        directory=directory,
        new_id=lambda: DeliveryId(new_uuid()),
    )
    require_recipient(recipients)
    plan, record = await asyncio.to_thread(
        _prepare, submission, key, examined=examined, recipients=recipients, process=process
    )
    # 6. The package is durable before any row names it; then one transaction.
    async with process.adoptions.adopted(submission.spooled, now=process.clock()):
        submitted = await _commit(plan, record, submission=submission, process=process)
    if submitted.replayed:  # another was quicker, perhaps with a package of its own: one that is built here has new ids
        await process.adoptions.give_up(submission.spooled.sha256, now=process.clock())
    return submitted


async def earlier_submission(client_id: str, key: str, process: Process, *, asked: Sha256) -> Submitted | None:
    """The answer that was given under ``key`` before. Raises :class:`IdempotencyKeyReused`."""
    async with process.database.read() as connection:
        earlier = await find_submission(connection, client_id=client_id, key=key)
    return _replayed(earlier, asked) if earlier is not None else None


async def _examined(submission: Submission, process: Process, directory: Directory) -> _Examined:
    path, media_type = submission.spooled.path, submission.media_type
    reading = await asyncio.to_thread(read_package, path, media_type)
    code = reading.content.header.from_.organ_id
    agency = entitled_sender(code, sender=submission.sender, here=process.here, directory=directory)
    package = JudgedPackage(path=path, reading=reading, media_type=media_type, sender=agency.code, at=process.clock())
    report = await judge_signatures(package, process)
    if not may_accept(report):
        raise SignatureInvalid(
            "A signature in the package is not valid; the report says which and why.",
            report=report.model_dump(mode="json"),
        )
    amends = await amended_documents(reading.content, process, sender=agency.code, named=submission.amends)
    return _Examined(reading=reading, report=report, agency=agency.code, amends=amends)


def _prepare(
    submission: Submission,
    key: str,
    *,
    examined: _Examined,
    recipients: tuple[Recipient, ...],
    process: Process,
) -> tuple[DocumentPlan, SubmissionRecord]:
    content, report, client_id = examined.reading.content, examined.report, submission.sender.client_id
    about = _subject_matter(submission, examined, process=process)
    now = about.submitted_at
    document = read_document(about, content, report=report, submitted_by=client_id, stored_at=now)
    departure = Departure(document=document, content=content, recipients=recipients)
    receipt, plan = plan_departure(departure, process.evidence_recorder())
    body = answer(document, recipients, report=report, warnings=content.warnings, receipt=receipt.jws)
    record = SubmissionRecord(
        client_id=client_id,
        key=key,
        request_sha256=submission.asked_sha256,
        document_id=document.id,
        body=body.model_dump_json().encode(),
        created_at=now,
    )
    return plan, record


def _subject_matter(submission: Submission, examined: _Examined, *, process: Process) -> EnvelopeDocument:
    content, spooled, now = examined.reading.content, submission.spooled, process.clock()
    kind = document_kind(content)
    check_deadline(submission.expires_at, now=now, kind=kind, business_type=business_type(content))
    return EnvelopeDocument(
        id=DocumentId(new_uuid()),
        kind=kind,
        origin=process.here,
        sender=examined.agency,
        sender_document_id=own_document_id(content),
        submitted_at=now,
        priority=priority_of(content),
        package=PackageReference(sha256=spooled.sha256, size=spooled.size, media_type=submission.media_type),
        replies_to=submission.replies_to,
        amends=examined.amends,
        expires_at=submission.expires_at,
    )


async def _commit(
    plan: DocumentPlan, record: SubmissionRecord, *, submission: Submission, process: Process
) -> Submitted:
    async with process.database.begin() as connection:
        if await claim_submission(connection, record):
            await store_documents(connection, [plan], process)
            return Submitted(record=record, replayed=False)
        winner = await find_submission(connection, client_id=record.client_id, key=record.key)
    return _replayed(winner or record, submission.asked_sha256)


def _replayed(earlier: SubmissionRecord, asked: Sha256) -> Submitted:
    if earlier.request_sha256 != asked:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another submission. Use a fresh key for a new document.",
            facts={"document": earlier.document_id},
        )
    return Submitted(record=earlier, replayed=True)
