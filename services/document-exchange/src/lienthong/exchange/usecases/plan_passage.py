"""What a node writes for a document that another node hands over: into inboxes here, onward, or both. Flow 9."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from lienthong.exchange.domain.amendment_reading import arrived_amendment
from lienthong.exchange.domain.document_facts import arrived_status, delivery_records
from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.envelopes import Leg, legs, require_onward
from lienthong.exchange.domain.events import arrivals
from lienthong.exchange.domain.evidence import Happening, SealedEvidence, outcomes
from lienthong.exchange.usecases.plan_departure import consignment, onward
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.exchange.usecases.store_documents import DocumentPlan
from lienthong.shared.contracts.envelope import Envelope, EnvelopeDelivery
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import PackageContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The verified envelopes of a message and what was found in their package; ``content`` None: it passes through.

    ``brought``: the evidence of each envelope.
    """

    envelopes: tuple[Envelope, ...]
    brought: tuple[tuple[SealedEvidence, ...], ...]
    document: DocumentRecord
    content: PackageContent | None


def local_deliveries(envelopes: Sequence[Envelope], recorder: EvidenceRecorder) -> tuple[EnvelopeDelivery, ...]:
    """The deliveries whose recipients this node serves."""
    return tuple(one for envelope in envelopes for one in envelope.deliveries if one.node == recorder.here)


def plan_passage(passage: Passage, recorder: EvidenceRecorder) -> DocumentPlan:
    """All that is to be written, with the evidence that goes back to the origin."""
    about, document = passage.envelopes[0].document, passage.document
    local = local_deliveries(passage.envelopes, recorder)
    own: list[SealedEvidence] = []
    leaving: list[tuple[Leg, tuple[str, ...]]] = []
    for envelope in passage.envelopes:
        if remote := [one for one in envelope.deliveries if one.node != recorder.here]:
            own.append(_relayed(envelope, remote, recorder, at=document.stored_at))
            evidence = (*envelope.evidence, own[-1].jws)
            leaving += [(leg, evidence) for leg in _ways(envelope, remote, recorder)]
    if local:
        own.append(consignment(about, local, recorder=recorder, document=document))
    status = amendment = None
    if local and passage.content is not None:
        status = arrived_status(about, passage.content, to=local[0].agency)
        amendment = arrived_amendment(about, passage.content, directory=recorder.directory)
    deliveries = tuple(one for envelope in passage.envelopes for one in envelope.deliveries)
    records = delivery_records(document, deliveries, here=recorder.here, now=document.stored_at)
    return DocumentPlan(
        document=document,
        deliveries=records,
        own_evidence=tuple(own),
        brought_evidence=tuple(chain.from_iterable(passage.brought)),
        outbox=(*onward(leaving, document, recorder), *recorder.homeward(about, own)),
        status=status,
        amendment=amendment,
        events=arrivals(document, records),
    )


def _relayed(
    envelope: Envelope, remote: Sequence[EnvelopeDelivery], recorder: EvidenceRecorder, *, at: datetime
) -> SealedEvidence:
    happening = Happening(event=Event.RELAY_ACCEPTANCE, node=recorder.here, time=at, actor=envelope.issuer)
    return recorder.seal(happening, document=envelope.document, recipients=outcomes(remote, "relayed"))


def _ways(envelope: Envelope, remote: Sequence[EnvelopeDelivery], recorder: EvidenceRecorder) -> tuple[Leg, ...]:
    ways = legs(recorder.here, remote, directory=recorder.directory)
    for leg in ways:
        require_onward(leg.next_hop, envelope)
    return ways
