"""What the node that takes a document over from its sender writes: flow 6."""

from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.exchange.domain.amendment_reading import arrived_amendment
from lienthong.exchange.domain.deadlines import is_expired
from lienthong.exchange.domain.document_facts import arrived_status, delivery_records
from lienthong.exchange.domain.documents import DocumentRecord, FailReason
from lienthong.exchange.domain.envelopes import (
    EVIDENCE_CHARACTERS_PER_ENVELOPE,
    RECIPIENTS_PER_ENVELOPE,
    Leg,
    document_envelope,
    legs,
)
from lienthong.exchange.domain.events import accepted, arrivals
from lienthong.exchange.domain.evidence import Happening, SealedEvidence, outcomes
from lienthong.exchange.domain.resolve_recipients import Recipient, accepted_deliveries
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.exchange.usecases.store_documents import DocumentPlan
from lienthong.shared.contracts.envelope import ENVELOPES_PER_BUNDLE, Bundle, EnvelopeDelivery, EnvelopeDocument
from lienthong.shared.contracts.evidence import Event, RecipientOutcome
from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid
from lienthong.shared.outbox import OutboxEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A document that is taken over now, from the client ``document.submitted_by``, for ``recipients``."""

    document: DocumentRecord
    content: PackageContent
    recipients: tuple[Recipient, ...]


def plan_departure(departure: Departure, recorder: EvidenceRecorder) -> tuple[SealedEvidence, DocumentPlan]:
    """The receipt, and all that is to be written with it."""
    document = departure.document
    about = document.subject_matter
    deliveries = accepted_deliveries(departure.recipients)
    receipt = _accepted(departure, tuple(one.stated for one in departure.recipients), recorder=recorder)
    local = tuple(one for one in deliveries if one.node == recorder.here)
    remote = tuple(one for one in deliveries if one.node != recorder.here)
    leaving = [
        (leg, _acceptance_for(leg, departure, receipt=receipt, recorder=recorder))
        for leg in legs(recorder.here, remote, directory=recorder.directory)
    ]
    own = {piece.claims.id: piece for piece in (receipt, *(acceptance for _, acceptance in leaving))}
    consigned = (consignment(about, local, recorder=recorder, document=document),) if local else ()
    records = delivery_records(document, deliveries, here=recorder.here, now=document.stored_at)
    plan = DocumentPlan(
        document=document,
        deliveries=records,
        own_evidence=(*own.values(), *consigned),
        outbox=onward([(leg, (acceptance.jws,)) for leg, acceptance in leaving], document, recorder),
        status=arrived_status(about, departure.content, to=deliveries[0].agency),
        amendment=arrived_amendment(about, departure.content, directory=recorder.directory),
        events=(accepted(document), *arrivals(document, records)),
    )
    return receipt, plan


def consignment(
    about: EnvelopeDocument,
    local: tuple[EnvelopeDelivery, ...],
    *,
    recorder: EvidenceRecorder,
    document: DocumentRecord,
) -> SealedEvidence:
    """Evidence that the document lies ready in the inboxes of ``local``; that it came too late if it did."""
    late = is_expired(document.expires_at, now=document.stored_at)
    happening = Happening(
        event=Event.ACCEPTANCE_REJECTION_EXPIRY if late else Event.CONTENT_CONSIGNMENT,
        node=recorder.here,
        time=document.stored_at,
        reason_code=FailReason.EXPIRED.value if late else "",
    )
    return recorder.seal(happening, document=about, recipients=outcomes(local, "expired" if late else "consigned"))


def onward(
    leaving: Sequence[tuple[Leg, tuple[str, ...]]], document: DocumentRecord, recorder: EvidenceRecorder
) -> tuple[OutboxEntry, ...]:
    """The outbox rows that send the document along legs, each with its evidence: one for each next hop."""
    by_hop: dict[NodeId, list[tuple[Leg, tuple[str, ...]]]] = {}
    for leg, evidence in leaving:
        by_hop.setdefault(leg.next_hop, []).append((leg, evidence))
    return tuple(
        _together(group[start : start + ENVELOPES_PER_BUNDLE], document, recorder)
        for group in by_hop.values()
        for start in range(0, len(group), ENVELOPES_PER_BUNDLE)
    )


def _together(
    group: Sequence[tuple[Leg, tuple[str, ...]]], document: DocumentRecord, recorder: EvidenceRecorder
) -> OutboxEntry:
    bundle = Bundle(id=MessageId(new_uuid()), size=len(group)) if len(group) > 1 else None
    envelopes = [
        document_envelope(
            MessageId(new_uuid()),
            leg,
            here=recorder.here,
            document=document.subject_matter,
            evidence=evidence,
            at=document.stored_at,
            bundle=bundle,
        )
        for leg, evidence in group
    ]
    return recorder.outbox_entry(envelopes)


def _acceptance_for(
    leg: Leg, departure: Departure, *, receipt: SealedEvidence, recorder: EvidenceRecorder
) -> SealedEvidence:
    """The receipt itself; where that is too long, one of its own, so that an envelope stays small.

    A receipt is long when it speaks of many, or of addresses that nobody has: a package may write 64 KiB as a code.
    """
    is_short = len(receipt.jws) <= EVIDENCE_CHARACTERS_PER_ENVELOPE
    if is_short and len(departure.recipients) <= RECIPIENTS_PER_ENVELOPE:
        return receipt
    return _accepted(departure, outcomes(leg.deliveries, "accepted"), recorder=recorder)


def _accepted(
    departure: Departure, recipients: tuple[RecipientOutcome, ...], *, recorder: EvidenceRecorder
) -> SealedEvidence:
    document = departure.document
    happening = Happening(
        event=Event.SUBMISSION_ACCEPTANCE,
        node=recorder.here,
        time=document.submitted_at,
        actor=document.submitted_by,
    )
    return recorder.seal(happening, document=document.subject_matter, recipients=recipients)
