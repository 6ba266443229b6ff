"""What a node states about a document, before it is sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lienthong.shared.contracts.envelope import EnvelopeDelivery, EnvelopeDocument
from lienthong.shared.contracts.evidence import Event, Evidence, RecipientOutcome
from lienthong.shared.identifiers import EvidenceId, NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvidence:
    """Evidence and its compact JWS. ``claims`` are what ``jws`` seals: made or verified here."""

    claims: Evidence
    jws: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """That ``event`` happened at ``node``, caused by ``actor`` (a client id, an agency code or a node id)."""

    event: Event
    node: NodeId
    time: datetime
    actor: str = ""
    reason_code: str = ""
    reason: str = ""


def statement(
    evidence_id: EvidenceId,
    happening: Happening,
    *,
    document: EnvelopeDocument,
    recipients: Sequence[RecipientOutcome],
) -> Evidence:
    """The claims of one piece of evidence about ``document`` and those recipients."""
    return Evidence(
        id=evidence_id,
        event=happening.event,
        issuer=happening.node,
        time=happening.time,
        document=document.id,
        package=document.package,
        sender=document.sender,
        sender_document_id=document.sender_document_id,
        recipients=tuple(recipients),
        actor=happening.actor,
        reason_code=happening.reason_code,
        reason=happening.reason,
        expires_at=document.expires_at,
    )


def outcomes(deliveries: Sequence[EnvelopeDelivery], outcome: str) -> tuple[RecipientOutcome, ...]:
    """The same outcome for each of ``deliveries``."""
    return tuple(
        RecipientOutcome(
            addressed_to=delivery.addressed_to,
            delivery=delivery.id,
            agency=delivery.agency,
            node=delivery.node,
            outcome=outcome,
        )
        for delivery in deliveries
    )
