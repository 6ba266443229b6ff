"""What a node and the registry answer. Members that this version does not know are ignored."""

from datetime import datetime
from typing import Any

from pydantic import Field

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.edxml.model import AttachmentIndex, Reference, StaffInfo


class Party(Contract):
    """An agency as a document names it."""

    code: str
    name: str = ""


class SignatureVerdict(Contract):
    """The node's verdict over the signatures. Source of the indication's words: ETSI EN 319 102-1."""

    indication: str | None = None
    package: str = "absent"
    """``absent``, ``unverifiable``, ``valid`` or ``invalid``."""


class Recipient(Contract):
    """What happens for one recipient of a submission, or what a piece of evidence says of one."""

    addressed_to: str
    code: str | None = None
    name: str | None = None
    node: str | None = None
    delivery_id: str | None = None
    outcome: str
    """Of a submission: ``accepted``, ``unknown-recipient`` or ``recipient-not-placed``."""
    detail: str = ""


class Submission(Contract):
    """The node has taken the package and answers for it."""

    id: str
    kind: str
    package: PackageReference
    recipients: tuple[Recipient, ...]
    signatures: SignatureVerdict = SignatureVerdict()
    warnings: tuple[str, ...] = ()
    receipt: str
    """Compact JWS of the SubmissionAcceptance evidence: keep it."""
    replayed: bool = False
    """Whether this repeats the answer to an earlier submission (``Idempotency-Replayed``)."""


class TimeStampMark(Contract):
    """``pending`` or ``stamped``; ``at``: when a time stamp proves that the node had it."""

    state: str = "pending"
    at: datetime | None = None


class DocumentSummary(Contract):
    """One line of a list."""

    id: str
    kind: str
    business_type: int | None = None
    sender: Party
    sender_document_id: str
    subject: str = ""
    notation: str = ""
    priority: int = 0
    submitted_at: datetime
    expires_at: datetime | None = None
    """The sender's deadline."""
    package: PackageReference
    signatures: SignatureVerdict = SignatureVerdict()
    time_stamp: TimeStampMark | None = None
    revocation: str | None = None
    """``known``, ``pending`` or ``revoked``."""


class Amendment(Contract):
    """A recall, update or replacement that concerns one delivery."""

    request_id: str
    type: str
    """``recall``, ``update`` or ``replace``."""
    state: str
    """``asked``, ``effective``, ``agreed``, ``refused`` or ``moot``."""
    reason: str = ""
    asked_at: datetime
    decided_at: datetime | None = None
    answer_reason: str = ""


class Delivery(Contract):
    """One document on its way to one recipient."""

    id: str
    addressed_to: str
    code: str
    name: str | None = None
    node: str | None = None
    transport_status: str
    transport_detail: str = ""
    transport_reason: str = ""
    """Of ``fail``: ``recipient-reported-failure``, ``recalled``, ``replaced``, ``expired``, or a problem's code."""
    business_status: str | None = None
    updated_at: datetime
    amendments: tuple[Amendment, ...] = ()


class Document(DocumentSummary):
    """Everything that a node says of one document."""

    origin: str = ""
    header: dict[str, Any] = Field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    attachments: tuple[AttachmentIndex, ...] = ()
    unknown_elements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: dict[str, Any] | None = None
    later_report: dict[str, Any] | None = None
    deliveries: tuple[Delivery, ...] = ()


class StatusEntry(Contract):
    """A business status within a timeline. ``applied`` is false for a late or repeated one."""

    code: str
    description: str = ""
    staff: StaffInfo | None = None
    applied: bool = True


class LaterVerdict(Contract):
    """What a second look at the signatures gave, with newer revocation data."""

    signatures: SignatureVerdict
    revoked: bool = False


class TimelineEntry(Contract):
    """Something that happened to a document, in time order."""

    at: datetime
    kind: str
    """``evidence``, ``status``, ``amendment`` or ``later-report``."""
    event: str | None = None
    event_uri: str | None = None
    node: str | None = None
    deliveries: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    status: StatusEntry | None = None
    amendment: Amendment | None = None
    evidence: str | None = None
    time_stamp: TimeStampMark | None = None
    """Of the node's own evidence."""
    later_report: LaterVerdict | None = None


class InboxItem(Contract):
    """A delivery that waits for its recipient."""

    delivery_id: str
    code: str
    transport_status: str
    lease_until: datetime | None = None
    document: DocumentSummary
    redelivery: bool = False
    """The agency took it over before, and gets it again."""


class Claim(Contract):
    """A delivery under lease: acknowledge it with ``lease_token`` before ``lease_until``."""

    delivery_id: str
    lease_token: str
    lease_until: datetime
    document: DocumentSummary
    redelivery: bool = False


class Acknowledged(Contract):
    """A delivery after its acknowledgement."""

    id: str
    transport_status: str


class Agency(Contract):
    """An agency as the registry lists it."""

    code: str
    old_code: str | None = None
    name: str
    parent: str | None = None
    level: str
    node: str | None = None
    email: str = ""
    status: str = "active"
    """``active`` or ``closed``."""
    valid_from: datetime | None = None
    """Null: since before the registry."""
    valid_to: datetime | None = None
    successors: tuple[str, ...] = ()
    """Of a closed one, as its act named them."""
    responsible: tuple[str, ...] = ()
    """The same, closed ones followed to the end."""


class Said(Contract):
    """Who decided when, and why."""

    by: str
    at: datetime
    reason: str = ""


class Reorganisation(Contract):
    """An act of reorganisation, and what became of it."""

    id: str
    title: str
    state: str
    effective_at: datetime
    sha256: str
    operations: int
    uploaded_by: str
    uploaded_at: datetime
    approval: Said | None = None
    withdrawal: Said | None = None
    applied_at: datetime | None = None
    version: int | None = None
    counts: dict[str, int] | None = None
    seals: tuple[str, ...] = ()


class Remark(Contract):
    """One thing that an act's preview says about an operation."""

    line: int | None = None
    code: str
    kind: str
    detail: str


class AgencyChange(Contract):
    """What an act does to one code: ``before`` null: it is new; ``after`` null: it is closed."""

    code: str
    kinds: tuple[str, ...]
    before: Agency | None = None
    after: Agency | None = None
    successors: tuple[str, ...] = ()
    follower: str | None = None


class ReorganisationPreview(Contract):
    """What an act would do; lists hold the first ones, counts all."""

    id: str
    counts: dict[str, int]
    problem_count: int
    problems: tuple[Remark, ...] = ()
    warning_count: int = 0
    warnings: tuple[Remark, ...] = ()
    clients_following: int = 0
    clients_ending: int = 0
    nodes: tuple[str, ...] = ()
    items: tuple[AgencyChange, ...] = ()
