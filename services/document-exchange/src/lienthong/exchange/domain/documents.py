"""Documents and deliveries as a node keeps them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lienthong.shared.contracts.envelope import DocumentKind, EnvelopeDocument
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId


class TransportStatus(StrEnum):
    """Has the recipient's system taken the document?"""

    INITIAL = "initial"
    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"


class FailReason(StrEnum):
    """Why a delivery ended without a handover. Where a node refused it, the problem's code stands instead."""

    RECIPIENT = "recipient-reported-failure"
    RECALLED = "recalled"
    REPLACED = "replaced"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """One row of ``documents``; ``content`` and ``report`` are JSON-ready, and None on a node that only relays."""

    id: DocumentId
    kind: DocumentKind
    business_type: int | None
    origin: NodeId
    sender: AgencyCode
    sender_document_id: str
    subject: str
    notation: str
    priority: int
    package: PackageReference
    content: dict[str, object] | None
    report: dict[str, object] | None
    submitted_at: datetime
    submitted_by: str
    stored_at: datetime
    replies_to: DocumentId | None = None
    amends: tuple[DocumentId, ...] = ()
    """A recall, update or replacement: what it speaks of, as its origin knew it."""
    expires_at: datetime | None = None
    """The sender's deadline; None: there is none."""
    is_revocation_open: bool = False
    """As it is accepted: a signature is not judged to the end, since nobody could say if a certificate was revoked."""

    @property
    def subject_matter(self) -> EnvelopeDocument:
        """What envelopes and evidence say about the document."""
        return EnvelopeDocument(
            id=self.id,
            kind=self.kind,
            origin=self.origin,
            sender=self.sender,
            sender_document_id=self.sender_document_id,
            submitted_at=self.submitted_at,
            priority=self.priority,
            package=self.package,
            replies_to=self.replies_to,
            amends=self.amends,
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One row of ``deliveries`` as it is first written."""

    id: DeliveryId
    document_id: DocumentId
    addressed_to: str
    agency: AgencyCode
    node: NodeId
    is_local: bool
    updated_at: datetime
    transport_status: TransportStatus = TransportStatus.INITIAL
    transport_detail: str = ""
    transport_reason: str = ""
    expires_at: datetime | None = None
