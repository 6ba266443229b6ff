"""What evidence that came back does to the deliveries of a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.errors import EvidenceNotEntitled
from lienthong.shared.contracts.evidence import Event, Evidence
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256

MAX_REASON_LENGTH = 1000
"""Characters of a reason that are kept beside the delivery; the evidence has all of it."""
MAX_REASON_CODE_LENGTH = 64

_OF_THE_RECIPIENTS_NODE: Final = frozenset(
    {
        Event.CONTENT_CONSIGNMENT,
        Event.CONTENT_CONSIGNMENT_FAILURE,
        Event.CONTENT_HANDOVER,
        Event.CONTENT_HANDOVER_FAILURE,
        Event.ACCEPTANCE_REJECTION_EXPIRY,
    }
)
_ON_THE_WAY: Final = frozenset({Event.RELAY_ACCEPTANCE, Event.RELAY_REJECTION, Event.RELAY_FAILURE})
OUTCOME: Final[Mapping[Event, TransportStatus]] = {
    Event.CONTENT_HANDOVER: TransportStatus.DONE,
    Event.CONTENT_HANDOVER_FAILURE: TransportStatus.FAIL,
    Event.ACCEPTANCE_REJECTION_EXPIRY: TransportStatus.FAIL,
    Event.CONTENT_CONSIGNMENT_FAILURE: TransportStatus.FAIL,
    Event.RELAY_REJECTION: TransportStatus.FAIL,
    Event.RELAY_FAILURE: TransportStatus.FAIL,
}
_REFUSALS: Final = frozenset({Event.CONTENT_CONSIGNMENT_FAILURE, Event.RELAY_REJECTION, Event.RELAY_FAILURE})


class SentState(Enum):
    """What evidence may still do to a delivery that left here."""

    OPEN = auto()
    PRESUMED = auto()
    """It counts as expired here, since nobody ever told that it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDelivery:
    """A delivery as its origin has it."""

    id: DeliveryId
    document: DocumentId
    sender: AgencyCode
    package: Sha256
    node: NodeId
    has_deadline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Where a delivery gets by a piece of evidence, unless it is further already.

    ``reason``: a stable code, empty when there is nothing to explain. ``refused_by``: the node that does not take it;
    empty: the recipient's system has spoken.
    """

    delivery: DeliveryId
    status: TransportStatus
    reason: str
    detail: str
    refused_by: str


def effects(
    testimony: Sequence[SealedEvidence],
    sent: Mapping[DeliveryId, SentDelivery],
    *,
    here: NodeId,
    directory: Directory,
) -> tuple[Effect, ...]:
    """What verified ``testimony`` does to the deliveries ``sent`` from ``here``.

    Raises:
        EvidenceNotEntitled: A node speaks of a delivery that it has nothing to do with.
    """
    found = []
    for piece in testimony:
        claims = piece.claims
        for delivery in _spoken_of(claims, sent):
            _require_entitled(claims, delivery, here=here, directory=directory)
            if (status := OUTCOME.get(claims.event)) is not None:
                found.append(_effect(claims, delivery, status))
    return tuple(found)


def arrived(testimony: Sequence[SealedEvidence], sent: Mapping[DeliveryId, SentDelivery]) -> tuple[DeliveryId, ...]:
    """Deliveries with a deadline that lie in an inbox, as entitled ``testimony`` says: the node there ends them."""
    return tuple(
        one.delivery
        for piece in testimony
        if piece.claims.event is Event.CONTENT_CONSIGNMENT
        for one in piece.claims.recipients
        if one.delivery is not None and sent[one.delivery].has_deadline
    )


def felt(found: Sequence[Effect], held: Mapping[DeliveryId, SentState]) -> tuple[Effect, ...]:
    """Those of ``found`` that move a delivery: the first for each that has not come to its end.

    That nothing arrived in time was only supposed here; the recipient's node knows, and may say that it handed it over.
    """
    first = {one.delivery: one for one in reversed(found)}
    return tuple(
        one
        for one in first.values()
        if (state := held.get(one.delivery)) is SentState.OPEN
        or (state is SentState.PRESUMED and one.status is TransportStatus.DONE)
    )


def _effect(claims: Evidence, delivery: SentDelivery, status: TransportStatus) -> Effect:
    is_refusal = claims.event in _REFUSALS
    return Effect(
        delivery=delivery.id,
        status=status,
        reason=claims.reason_code[:MAX_REASON_CODE_LENGTH],
        detail=claims.reason[:MAX_REASON_LENGTH] or claims.reason_code,
        refused_by=claims.issuer if is_refusal else "",
    )


def _spoken_of(claims: Evidence, sent: Mapping[DeliveryId, SentDelivery]) -> Sequence[SentDelivery]:
    deliveries = [sent.get(one.delivery) for one in claims.recipients if one.delivery is not None]
    spoken_of = (claims.document, claims.package.sha256)
    known = [one for one in deliveries if one is not None and (one.document, one.package) == spoken_of]
    if not known or len(known) != len(claims.recipients):
        raise EvidenceNotEntitled("The evidence speaks of deliveries that the document does not have.")
    return known


def _require_entitled(claims: Evidence, delivery: SentDelivery, *, here: NodeId, directory: Directory) -> None:
    if claims.event in _OF_THE_RECIPIENTS_NODE:
        entitled = claims.issuer == delivery.node
    else:
        entitled = claims.event in _ON_THE_WAY and claims.issuer in directory.route(here, delivery.node)
    if not entitled:
        raise EvidenceNotEntitled(
            f"{claims.issuer} states {claims.event} of a delivery for {delivery.node}.",
            facts={"issuer": claims.issuer, "delivery": delivery.id},
        )
