"""What a timeline answers: JSON, snake_case, times in RFC 3339 with Z."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from lienthong.exchange.api.examples import HAPPENED
from lienthong.exchange.api.models import AmendmentAnswer, Shape, TimeStampMark
from lienthong.exchange.usecases.submission_answer import SignaturesAnswer
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.identifiers import AgencyCode, DeliveryId, NodeId


class HappenedRecipient(Shape):
    """A recipient as a piece of evidence names it."""

    addressed_to: str
    code: AgencyCode | None
    node: NodeId | None
    delivery_id: DeliveryId | None
    outcome: str
    detail: str


class SaidStatusAnswer(Shape):
    """A business status. ``applied`` false: late or repeated; kept, not applied."""

    code: BusinessStatus
    description: str
    staff: StaffInfo | None
    applied: bool


class LaterVerdict(Shape):
    """What a second look at the signatures gave."""

    signatures: SignaturesAnswer
    revoked: bool


class HappenedAnswer(Shape):
    """One thing that happened.

    Evidence (``evidence`` is its compact JWS), a business status, a recall, update or replacement (a recall shows as
    status 13, too), or a second verdict.

    ``time_stamp`` is of this node's own evidence only: other nodes have theirs stamped.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [HAPPENED]})

    at: datetime
    kind: Literal["evidence", "status", "amendment", "later-report"]
    event: Event | None
    event_uri: str | None
    node: NodeId
    deliveries: tuple[DeliveryId, ...]
    recipients: tuple[HappenedRecipient, ...]
    status: SaidStatusAnswer | None = None
    amendment: AmendmentAnswer | None = None
    evidence: str | None = None
    time_stamp: TimeStampMark | None = None
    later_report: LaterVerdict | None = None


class Timeline(Shape):
    """What happened to a document, the first thing first."""

    items: tuple[HappenedAnswer, ...]
