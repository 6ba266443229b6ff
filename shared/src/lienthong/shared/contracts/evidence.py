"""Evidence: a node's signed statement that an event happened (JWS type ``EVIDENCE_TYPE``).

Source: event names of ETSI EN 319 522-3.
"""

from enum import StrEnum

from pydantic import AwareDatetime

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, EvidenceId, NodeId, Sha256

EVIDENCE_TYPE = "lienthong-evidence+jws"
"""JWS ``typ`` of one piece of evidence."""
EVENT_URI_PREFIX = "http://uri.etsi.org/19522/Event/"
"""Prefix of event URIs. Source: ETSI EN 319 522-3."""


class Event(StrEnum):
    """What happened. Source: ETSI EN 319 522-3."""

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    RELAY_ACCEPTANCE = "RelayAcceptance"
    RELAY_REJECTION = "RelayRejection"
    RELAY_FAILURE = "RelayFailure"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_HANDOVER = "ContentHandover"
    CONTENT_HANDOVER_FAILURE = "ContentHandoverFailure"
    ACCEPTANCE_REJECTION_EXPIRY = "AcceptanceRejectionExpiry"
    NOTIFICATION_DELIVERED = "NotificationDelivered"

    @property
    def uri(self) -> str:
        """The event's URI."""
        return EVENT_URI_PREFIX + self.value


class PackageReference(Contract):
    """The exact bytes that an agency submitted. ``size`` is in bytes."""

    sha256: Sha256
    size: int
    media_type: str


class RecipientOutcome(Contract):
    """What happens for one recipient. ``addressed_to`` is the code as the package has it."""

    addressed_to: str
    delivery: DeliveryId | None = None
    agency: AgencyCode | None = None
    node: NodeId | None = None
    outcome: str
    """``accepted``, ``unknown-recipient``, ``recipient-not-placed``, ``consigned``, ``handed-over``,
    ``handover-failed``, ``relayed``, ``rejected``, ``recalled``, ``replaced`` or ``expired``."""
    detail: str = ""


class Evidence(Contract):
    """The claims of one piece of evidence."""

    id: EvidenceId
    event: Event
    issuer: NodeId
    time: AwareDatetime
    document: DocumentId
    package: PackageReference
    sender: AgencyCode
    sender_document_id: str
    recipients: tuple[RecipientOutcome, ...]
    actor: str = ""
    """Who caused the event: a client id, an agency code, or a node id."""
    reason_code: str = ""
    reason: str = ""
    expires_at: AwareDatetime | None = None
    """The sender's deadline for the document; None: there is none."""
