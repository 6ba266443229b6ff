"""What the receiving half of a node takes and answers: JSON, snake_case, times in RFC 3339 with Z."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lienthong.exchange.api.examples import AMENDMENT, CLAIM, DELIVERY, DOCUMENT, SUMMARY, WAITING
from lienthong.exchange.domain.acts import MAX_REASON
from lienthong.exchange.domain.amendments import MAX_REASON as MAX_AMENDMENT_REASON
from lienthong.exchange.domain.amendments import AmendmentKind, AmendmentState
from lienthong.exchange.domain.business_status import MAX_DESCRIPTION
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import MAX_CLAIMS, MAX_DETAIL, MAX_LEASE, MIN_LEASE, HandoverResult
from lienthong.exchange.domain.marks import RevocationMark
from lienthong.exchange.usecases.submission_answer import SignaturesAnswer
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.edxml.model import (
    AttachmentIndex,
    BusinessStatus,
    DocumentHeader,
    Reference,
    StatusHeader,
)
from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode, DeliveryId, DocumentId, NodeId
from lienthong.shared.signatures.report import Report

_PLAIN = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]*$"
"""No character that XML 1.0 cannot hold. Source: XML 1.0, production 2."""
PlainText = Annotated[str, StringConstraints(pattern=_PLAIN)]
ShortText = Annotated[PlainText, StringConstraints(max_length=200)]
ReasonText = Annotated[PlainText, StringConstraints(max_length=MAX_REASON)]
MAX_RECIPIENTS = 1000
"""Of a recall that names them; without names it goes to all."""
CodeText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CODE_LENGTH)]


class Shape(BaseModel):
    """A JSON object. A member that is not named here is refused in a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Party(Shape):
    """An agency; ``name`` is empty when the directory does not have it any more."""

    code: AgencyCode
    name: str


class TimeStampMark(Shape):
    """Whether a time stamp proves when this node had accepted it. ``at`` null: pending; nothing waits for it."""

    state: Literal["pending", "stamped"]
    at: datetime | None


class Summary(Shape):
    """One document in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUMMARY]})

    id: DocumentId
    kind: DocumentKind
    business_type: int | None = Field(description="0 new, 1 recall, 2 update, 3 replace; null in a status")
    sender: Party
    sender_document_id: str = Field(description="DocumentId of the package; opaque")
    subject: str
    notation: str = Field(description="Number and symbol")
    priority: int = Field(description="0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hỏa tốc hẹn giờ")
    submitted_at: datetime
    expires_at: datetime | None = Field(description="Who has not claimed it by then does not get it; null: no deadline")
    package: PackageReference
    signatures: SignaturesAnswer
    time_stamp: TimeStampMark
    revocation: RevocationMark = Field(
        description="known; pending: accepted while nobody could say whether a certificate was revoked, asked again;"
        " revoked: asked again, one was revoked before the document was received"
    )


class SummaryPage(Shape):
    """A page of documents. ``next`` null: nothing follows."""

    items: tuple[Summary, ...]
    next: str | None


class DeliveryAnswer(Shape):
    """One delivery as it stands now."""

    model_config = ConfigDict(json_schema_extra={"examples": [DELIVERY]})

    id: DeliveryId
    addressed_to: str = Field(description="The code as the package has it")
    code: AgencyCode
    name: str
    node: NodeId
    transport_status: TransportStatus
    transport_detail: str
    transport_reason: str = Field(
        description="Of fail: recipient-reported-failure, recalled, replaced, expired, or the code of the problem"
        " with which a node refused it"
    )
    business_status: BusinessStatus | None = Field(description="The furthest one; null: none yet")
    updated_at: datetime


class AmendmentAnswer(Shape):
    """A recall, update or replacement that concerns one delivery."""

    model_config = ConfigDict(json_schema_extra={"examples": [AMENDMENT]})

    request_id: DocumentId = Field(description="The asking package: a document of its own")
    type: AmendmentKind
    state: AmendmentState = Field(
        description="asked: the recipient is to answer; effective: it ended what nobody had claimed; agreed (15);"
        " refused (16); moot: there was nothing to take back or to change any more"
    )
    reason: str = Field(description="The sender's")
    asked_at: datetime
    decided_at: datetime | None
    answer_reason: str = Field(description="The recipient's")


class AmendedDelivery(DeliveryAnswer):
    """One delivery, and what its sender asked about it."""

    amendments: tuple[AmendmentAnswer, ...]


class AmendsAnswer(Shape):
    """What a recall, update or replacement came to, for one recipient."""

    document_id: DocumentId
    delivery_id: DeliveryId
    code: AgencyCode = Field(description="The recipient")
    state: AmendmentState


class LaterReportAnswer(Shape):
    """A second verdict on the moment of receipt, with revocation data of ``checked_at``."""

    checked_at: datetime
    revoked: bool = Field(description="A certificate turned out to have been revoked before the document was received")
    report: Report


class DocumentAnswer(Summary):
    """Everything about one document. A recipient sees its own deliveries, the sender all."""

    model_config = ConfigDict(json_schema_extra={"examples": [DOCUMENT]})

    origin: NodeId = Field(description="The node that accepted it from its sender")
    header: DocumentHeader | StatusHeader
    references: tuple[Reference, ...]
    attachments: tuple[AttachmentIndex, ...]
    unknown_elements: tuple[str, ...]
    warnings: tuple[str, ...]
    report: Report = Field(description="This node's verdict when it received the document")
    later_report: LaterReportAnswer | None = Field(description="Null: the first verdict knew all that it needed")
    deliveries: tuple[AmendedDelivery, ...]
    amends: tuple[AmendsAnswer, ...] = Field(description="Of a recall, update or replacement: what it came to")
    amends_waiting: bool = Field(description="It speaks of a document that has not reached this node, and waits for it")


class WaitingAnswer(Shape):
    """A delivery that waits: ``initial``, or ``processing`` while somebody has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [WAITING]})

    delivery_id: DeliveryId
    code: AgencyCode = Field(description="The recipient")
    transport_status: TransportStatus
    lease_until: datetime | None
    document: Summary
    redelivery: bool = Field(description="You took it over before; your operator lets it wait again")


class InboxPage(Shape):
    """A page of what waits, the most urgent first. ``next`` null: nothing follows."""

    items: tuple[WaitingAnswer, ...]
    next: str | None


class ClaimRequest(Shape):
    """Which deliveries to claim, and for how long."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "document", "limit": 10, "lease_seconds": 300}]})

    agency: CodeText | None = Field(default=None, description="Null: all that you may act for")
    kind: DocumentKind | None = None
    limit: int = Field(default=10, ge=1, le=MAX_CLAIMS)
    lease_seconds: int = Field(default=300, ge=int(MIN_LEASE.total_seconds()), le=int(MAX_LEASE.total_seconds()))


class ClaimAnswer(Shape):
    """A delivery in your hands until ``lease_until``; acknowledge it with ``lease_token``."""

    model_config = ConfigDict(json_schema_extra={"examples": [CLAIM]})

    delivery_id: DeliveryId
    lease_token: str
    lease_until: datetime
    document: Summary
    redelivery: bool = Field(description="You took it over before; your operator lets it wait again")


class ClaimsAnswer(Shape):
    """What was claimed, the most urgent first; empty when nothing waits."""

    claims: tuple[ClaimAnswer, ...]


class AcknowledgementRequest(Shape):
    """What became of the document in your system. Repeat it unchanged when the answer got lost."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lease_token": CLAIM["lease_token"], "result": "done", "description": ""}]}
    )

    lease_token: str = Field(max_length=64)
    result: HandoverResult
    description: Annotated[PlainText, StringConstraints(max_length=MAX_DETAIL)] = ""


class StaffRequest(Shape):
    """Who in the agency says it."""

    department: ShortText = ""
    staff: ShortText = ""
    email: ShortText = ""
    mobile: ShortText = ""


class RecallRequest(Shape):
    """Why a document is asked back, and from whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "Gửi nhầm phụ lục", "recipients": ["H28.31"]}, {"reason": "Ký nhầm"}]
        }
    )

    reason: Annotated[
        PlainText, StringConstraints(min_length=1, max_length=MAX_AMENDMENT_REASON, strip_whitespace=True)
    ]
    recipients: Annotated[tuple[CodeText, ...], Field(min_length=1, max_length=MAX_RECIPIENTS)] | None = Field(
        default=None, description="Null: all to whom the document was sent"
    )


class StatusRequest(Shape):
    """A recipient's answer to a document: 01 to 06; 15 or 16 to a recall, update or replacement.

    02 and 16 need a description.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "03",
                    "description": "Đã vào sổ văn bản đến",
                    "staff": {"department": "Văn thư", "staff": "Cán Bộ Thử"},
                    "agency": "H28.31",
                }
            ]
        }
    )

    code: BusinessStatus
    description: Annotated[PlainText, StringConstraints(max_length=MAX_DESCRIPTION)] = ""
    staff: StaffRequest | None = None
    agency: CodeText | None = Field(default=None, description="The recipient that answers; null: your own agency")
