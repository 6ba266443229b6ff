"""Which envelopes a node sends onward, and what they say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.errors import WayUnclear
from lienthong.shared.contracts.envelope import Bundle, Envelope, EnvelopeDelivery, EnvelopeDocument, EnvelopeKind
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import MessageId, NodeId

T = TypeVar("T")

RECIPIENTS_PER_ENVELOPE = 24
"""Deliveries in one envelope: with the evidence of some hops it stays below the broker's frame of 128 KiB."""
EVIDENCE_CHARACTERS_PER_ENVELOPE = 48 * 1024
"""Characters of evidence in one envelope on the way back; one piece may be longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Deliveries that leave together for one next hop: at most :data:`RECIPIENTS_PER_ENVELOPE`."""

    next_hop: NodeId
    deliveries: tuple[EnvelopeDelivery, ...]


def legs(here: NodeId, deliveries: Iterable[EnvelopeDelivery], *, directory: Directory) -> tuple[Leg, ...]:
    """Groups ``deliveries`` by the next hop from ``here``, neighbours beside each other. Raises ``NodeUnknown``.

    So most lots stay whole further down, and nobody gets evidence about more deliveries than a lot has.
    """
    by_hop: dict[NodeId, list[EnvelopeDelivery]] = {}
    hops: dict[NodeId, NodeId] = {}
    for delivery in deliveries:
        if delivery.node not in hops:
            hops[delivery.node] = directory.next_hop(here, delivery.node)
        by_hop.setdefault(hops[delivery.node], []).append(delivery)
    return tuple(
        Leg(next_hop=hop, deliveries=tuple(some))
        for hop, group in by_hop.items()
        for some in _pieces(sorted(group, key=lambda one: one.node), RECIPIENTS_PER_ENVELOPE)
    )


def require_onward(next_hop: NodeId, envelope: Envelope) -> None:
    """That what came with ``envelope`` does not go back where it came from, and so to and fro without end.

    Raises:
        WayUnclear: It would; the two nodes' copies of the directory differ, for a while.
    """
    if next_hop == envelope.issuer:
        raise WayUnclear(f"{next_hop} handed this over, and the directory here sends it back to {next_hop}.")


def document_envelope(
    message_id: MessageId,
    leg: Leg,
    *,
    here: NodeId,
    document: EnvelopeDocument,
    evidence: Sequence[str],
    at: datetime,
    bundle: Bundle | None = None,
) -> Envelope:
    """The envelope that carries ``document`` along ``leg``; ``evidence``: the acceptance, then one JWS per hop."""
    return Envelope(
        id=message_id,
        kind=EnvelopeKind.DOCUMENT,
        issuer=here,
        audience=leg.next_hop,
        issued_at=at,
        document=document,
        deliveries=leg.deliveries,
        evidence=tuple(evidence),
        bundle=bundle,
    )


def evidence_envelope(
    message_id: MessageId,
    next_hop: NodeId,
    *,
    here: NodeId,
    document: EnvelopeDocument,
    evidence: Sequence[str],
    at: datetime,
) -> Envelope:
    """The envelope that brings ``evidence`` (compact JWS) about ``document`` back to its origin."""
    return Envelope(
        id=message_id,
        kind=EnvelopeKind.EVIDENCE,
        issuer=here,
        audience=next_hop,
        destination=document.origin,
        issued_at=at,
        document=document,
        evidence=tuple(evidence),
    )


def evidence_lots(sealed: Sequence[SealedEvidence]) -> tuple[tuple[str, ...], ...]:
    """The JWS of ``sealed``, in lots that fit one envelope."""
    lots: list[list[str]] = []
    room = 0
    for piece in sealed:
        if len(piece.jws) > room or not lots:
            lots.append([])
            room = EVIDENCE_CHARACTERS_PER_ENVELOPE
        lots[-1].append(piece.jws)
        room -= len(piece.jws)
    return tuple(tuple(lot) for lot in lots)


def _pieces(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
