"""Accept: flow 9. Verifies what other nodes hand over, and takes many messages in one transaction.

What a power cut does: before the commit nothing has happened, and the bus delivers the messages again; after it the
inbox knows them, so that a repeated delivery is only acknowledged.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.accept_envelope import (
    Judge,
    open_evidence,
    require_as_announced,
    verified_passage,
)
from lienthong.exchange.domain.accept_taken import open_taken
from lienthong.exchange.domain.bundles import open_message
from lienthong.exchange.domain.document_facts import read_document, relayed_document
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.events import effect_felt
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.testimony import arrived, effects, felt
from lienthong.exchange.errors import (
    EnvelopeMalformed,
    OriginNotEntitled,
    SenderNotKnownYet,
    SignatureInvalid,
    TooManyHops,
)
from lienthong.exchange.storage.documents import require_same_documents
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.evidence import add_brought_evidence
from lienthong.exchange.storage.schema import inbox, outbox
from lienthong.exchange.storage.transport import apply_effects, hold_movable, note_arrivals, sent_deliveries
from lienthong.exchange.usecases.close_amendments import close_amendments
from lienthong.exchange.usecases.fetch_package import fetch_package
from lienthong.exchange.usecases.judge_signatures import JudgedPackage, judge_signatures
from lienthong.exchange.usecases.plan_passage import Passage, local_deliveries, plan_passage
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.refuse_envelope import REFUSALS, refuse_envelope
from lienthong.exchange.usecases.store_documents import DocumentPlan, store_documents
from lienthong.shared.bus import Message
from lienthong.shared.contracts.envelope import BUNDLE_SEPARATOR, Envelope, EnvelopeKind
from lienthong.shared.contracts.taken import TAKEN_TYPE, Taken
from lienthong.shared.directory import NodeUnknown
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import MessageId, Sha256
from lienthong.shared.inbox import claim_new
from lienthong.shared.outbox import OutboxEntry, acknowledge, add
from lienthong.shared.signatures.policies import may_accept
from lienthong.shared.signatures.seals import claimed_type
from lienthong.shared.spooling import SpooledFile

LATE = (SenderNotKnownYet, NodeUnknown, OriginNotEntitled)
"""What a newer directory may mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A verified message, and what it is to change. ``package``: adopted, for the commit.

    ``taken``: a notice. It has no id in the inbox: once or twice makes no difference.
    """

    message_id: MessageId
    plan: DocumentPlan | None = None
    package: Sha256 | None = None
    testimony: tuple[SealedEvidence, ...] = ()
    forward: tuple[OutboxEntry, ...] = ()
    taken: Taken | None = None


def is_notice(message: Message) -> bool:
    """Whether ``message`` claims to tell what another node has taken."""
    return claimed_type(message.envelope) == TAKEN_TYPE


def prepare_notice(message: Message, process: Process) -> Arrival:
    """The notice in ``message``. Raises as :func:`open_taken`."""
    return Arrival(message_id=message.id, taken=open_taken(message.envelope, judge=_judge(process)))


async def judge_message(message: Message, process: Process) -> tuple[Envelope, ...]:
    """The envelopes of ``message``, from a neighbour to this node. Raises as :func:`open_message`."""
    judge = _judge(process)
    if BUNDLE_SEPARATOR in message.envelope:
        return await asyncio.to_thread(open_message, message.envelope, message.id, judge=judge)
    return open_message(message.envelope, message.id, judge=judge)


async def vouched_envelopes(message: Message, process: Process) -> tuple[Envelope, ...]:
    """The document envelopes of ``message``, if its origin vouches for the document; empty: nobody does.

    Raises:
        TrustListMissing, DirectoryMissing: Nobody can tell now.
    """
    judge = _judge(process)
    try:
        envelopes = await judge_message(message, process)
        if envelopes[0].kind is EnvelopeKind.EVIDENCE:
            return ()
        with contextlib.suppress(*LATE):
            await _verified(envelopes, judge)
    except LienthongError:
        return ()
    return envelopes


async def prepare_arrival(
    envelopes: tuple[Envelope, ...], body: bytes, process: Process, *, is_last_try: bool = True
) -> Arrival:
    """Verifies the rest of a message, gets the package, reads and validates it if somebody here receives it.

    When the document is refused although its origin vouches for it, the origin is told. What a newer directory may
    mend (:data:`LATE`) is refused at the last try only.

    Raises:
        LienthongError: As the consumer should treat it.
    """
    envelope = envelopes[0]
    if envelope.kind is EnvelopeKind.EVIDENCE:
        return _evidence_arrival(envelope, process)
    async with _origin_told(envelopes, (TooManyHops, *LATE), process, is_last_try=is_last_try):
        brought = await _verified(envelopes, _judge(process))
    async with _origin_told(envelopes, (*REFUSALS, *LATE), process, is_last_try=is_last_try):
        spooled = await fetch_package(envelope, body, process)
        with spooled:
            plan = await _planned(envelopes, brought, spooled=spooled, process=process)
            await process.adoptions.adopt(spooled)
    return Arrival(message_id=envelope.message_id, plan=plan, package=spooled.sha256)


async def _verified(envelopes: tuple[Envelope, ...], judge: Judge) -> tuple[tuple[SealedEvidence, ...], ...]:
    if len(envelopes) == 1:
        return (verified_passage(envelopes[0], judge=judge),)
    return await asyncio.to_thread(lambda: tuple(verified_passage(one, judge=judge) for one in envelopes))


@asynccontextmanager
async def _origin_told(
    envelopes: Sequence[Envelope], final: tuple[type[LienthongError], ...], process: Process, *, is_last_try: bool
) -> AsyncIterator[None]:
    try:
        yield
    except final as error:
        if is_last_try or not isinstance(error, LATE):
            await refuse_envelope(envelopes, error, process)
        raise


async def commit_arrivals(arrivals: Sequence[Arrival], process: Process) -> None:
    """Takes all ``arrivals`` that are new, in one transaction; repeated ones have no effect.

    Raises:
        DocumentIdTaken: One of them has the id of another document.
        EvidenceNotEntitled: A node states something about a delivery that is none of its business.
    """
    async with process.database.begin() as connection:
        for taken in (one.taken for one in arrivals if one.taken is not None):
            await acknowledge(connection, outbox, taken.messages, by=taken.issuer)
        ids = [one.message_id for one in arrivals if one.taken is None]
        new = await claim_new(connection, inbox, ids, process.clock())
        fresh = {one.message_id: one for one in arrivals if one.message_id in new}.values()  # two alike in one batch
        plans = [one.plan for one in fresh if one.plan is not None]
        await store_documents(connection, plans, process)
        await require_same_documents(connection, [plan.document for plan in plans])
        await _hear(connection, [piece for one in fresh for piece in one.testimony], process)
        await add(connection, outbox, [entry for one in fresh for entry in one.forward])


def _evidence_arrival(envelope: Envelope, process: Process) -> Arrival:
    if envelope.destination != envelope.document.origin:
        raise EnvelopeMalformed("Evidence goes to the node that accepted the document.")
    if envelope.destination != process.here:  # not looked into: its destination judges it
        recorder = process.evidence_recorder()
        return Arrival(message_id=envelope.id, forward=recorder.forwarded(envelope, at=process.clock()))
    judge = _judge(process)
    testimony = tuple(open_evidence(jws, envelope.document, judge=judge) for jws in envelope.evidence)
    return Arrival(message_id=envelope.id, testimony=testimony)


async def _planned(
    envelopes: tuple[Envelope, ...],
    brought: tuple[tuple[SealedEvidence, ...], ...],
    *,
    spooled: SpooledFile,
    process: Process,
) -> DocumentPlan:
    recorder, about, now = process.evidence_recorder(), envelopes[0].document, process.clock()
    if not local_deliveries(envelopes, recorder):
        relayed = relayed_document(about, stored_at=now)
        passage = Passage(envelopes=envelopes, brought=brought, document=relayed, content=None)
        return await asyncio.to_thread(plan_passage, passage, recorder)
    media_type = about.package.media_type
    reading = await asyncio.to_thread(read_package, spooled.path, media_type)
    package = JudgedPackage(path=spooled.path, reading=reading, media_type=media_type, sender=about.sender, at=now)
    report = await judge_signatures(package, process)
    if not may_accept(report):
        raise SignatureInvalid("A signature in the package is not valid.", report=report.model_dump(mode="json"))
    content = reading.content
    require_as_announced(about, content, report, directory=recorder.directory)
    document = await asyncio.to_thread(read_document, about, content, report=report, submitted_by="", stored_at=now)
    passage = Passage(envelopes=envelopes, brought=brought, document=document, content=content)
    return await asyncio.to_thread(plan_passage, passage, recorder)


async def _hear(connection: AsyncConnection, testimony: Sequence[SealedEvidence], process: Process) -> None:
    if not testimony:
        return
    spoken_of = (one.delivery for piece in testimony for one in piece.claims.recipients)
    sent = await sent_deliveries(connection, (delivery for delivery in spoken_of if delivery is not None))
    found = effects(testimony, sent, here=process.here, directory=process.directory.current())
    await add_brought_evidence(connection, testimony)
    moving = felt(found, await hold_movable(connection, (one.delivery for one in found)))
    now = process.clock()
    await apply_effects(connection, moving, now)
    endings = {one.delivery: one.reason for one in moving if one.status is TransportStatus.FAIL}
    await close_amendments(connection, endings, here=process.here, now=now)
    await note_arrivals(connection, arrived(testimony, sent), now)
    await record_events(connection, [effect_felt(one, sent[one.delivery], at=now) for one in moving])


def _judge(process: Process) -> Judge:
    return Judge(
        here=process.here,
        trust=process.trust.current(),
        directory=process.directory.current(),
        at=process.clock(),
    )
