"""What a node writes for a document that another node hands over: into inboxes here, onward, or both. Flow 9."""

from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.exchange.domain.document_facts import arrived_status, delivery_records
from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.envelopes import legs, require_onward
from lienthong.exchange.domain.events import arrivals
from lienthong.exchange.domain.evidence import Happening, SealedEvidence, outcomes
from lienthong.exchange.usecases.plan_departure import consignment, onward
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.exchange.usecases.store_documents import DocumentPlan
from lienthong.shared.contracts.envelope import Envelope, EnvelopeDelivery
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.outbox import OutboxEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A verified envelope and what was found in its package; ``content`` None: it only passes through."""

    envelope: Envelope
    brought: tuple[SealedEvidence, ...]
    document: DocumentRecord
    content: PackageContent | None


def local_deliveries(envelope: Envelope, recorder: EvidenceRecorder) -> tuple[EnvelopeDelivery, ...]:
    """The deliveries whose recipients this node serves."""
    return tuple(one for one in envelope.deliveries if one.node == recorder.here)


def plan_passage(passage: Passage, recorder: EvidenceRecorder) -> DocumentPlan:
    """All that is to be written, with the evidence that goes back to the origin."""
    envelope, document = passage.envelope, passage.document
    local = local_deliveries(envelope, recorder)
    remote = tuple(one for one in envelope.deliveries if one.node != recorder.here)
    own: list[SealedEvidence] = []
    leaving: list[OutboxEntry] = []
    if remote:
        own.append(_relayed(passage, remote, recorder))
        leaving += _onward(passage, remote, relayed=own[0], recorder=recorder)
    if local:
        own.append(consignment(envelope.document, local, recorder=recorder, document=document))
    status = None
    if local and passage.content is not None:
        status = arrived_status(envelope.document, passage.content, to=local[0].agency)
    records = delivery_records(document, envelope.deliveries, here=recorder.here, now=document.stored_at)
    return DocumentPlan(
        document=document,
        deliveries=records,
        own_evidence=tuple(own),
        brought_evidence=passage.brought,
        outbox=(*leaving, *recorder.homeward(envelope.document, own)),
        status=status,
        events=arrivals(document, records),
    )


def _relayed(passage: Passage, remote: Sequence[EnvelopeDelivery], recorder: EvidenceRecorder) -> SealedEvidence:
    happening = Happening(
        event=Event.RELAY_ACCEPTANCE,
        node=recorder.here,
        time=passage.document.stored_at,
        actor=passage.envelope.issuer,
    )
    return recorder.seal(happening, document=passage.envelope.document, recipients=outcomes(remote, "relayed"))


def _onward(
    passage: Passage,
    remote: Sequence[EnvelopeDelivery],
    *,
    relayed: SealedEvidence,
    recorder: EvidenceRecorder,
) -> list[OutboxEntry]:
    evidence = (*passage.envelope.evidence, relayed.jws)
    ways = legs(recorder.here, remote, directory=recorder.directory)
    for leg in ways:
        require_onward(leg.next_hop, passage.envelope)
    return [onward(leg, passage.document, evidence=evidence, recorder=recorder) for leg in ways]
