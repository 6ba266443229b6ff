"""What a node tells its operators. Members that this version does not know are ignored."""

from datetime import datetime
from typing import Any

from pydantic import Field

from lienthong.shared.contracts import Contract


class Alarm(Contract):
    """One kind of violation of one node's log, or of what the node accepted."""

    node: str
    violation: str
    detail: str
    held_note: str = ""
    seen_note: str = ""
    first_seen_at: datetime
    last_seen_at: datetime
    rounds: int


class Act(Contract):
    """Something that an operator did. ``subject``: what to; ``detail``: what it came to."""

    id: str
    at: datetime
    actor: str
    act: str
    subject: str
    reason: str = ""
    detail: dict[str, Any] = Field(default_factory=dict)


class PriorityBacklog(Contract):
    """How much of one priority waits for a destination."""

    priority: int
    backlog: int


class Destination(Contract):
    """What waits for one next hop. ``attempts``: failures since the last success; ``last_error``: a problem code."""

    node: str
    backlog: int
    sent: int = 0
    oldest_at: datetime | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    last_error: str | None = None
    paused: bool = False
    by_priority: tuple[PriorityBacklog, ...] = ()


class Finding(Contract):
    """Something that an audit found. ``severity``: broken, stuck or left-over."""

    check: str
    severity: str
    subject: str
    detail: str
    advice: str = ""


class AuditBatch(Contract):
    """What one batch of an audit checked. ``next`` None: it was the last."""

    checked: dict[str, int]
    findings: tuple[Finding, ...]
    next: str | None = None


class StandingDelivery(Contract):
    """A delivery as one node has it. ``status`` is what is stored."""

    id: str
    document: str
    origin: str
    package: str
    agency: str
    node: str
    status: str
    reason: str = ""
    updated_at: datetime


class StandingPage(Contract):
    """Chosen deliveries."""

    items: tuple[StandingDelivery, ...]


class DeadLetter(Contract):
    """A message that was given up; what it says of itself (kind, issuer, document) is not verified."""

    id: str
    state: str
    """``dead``, ``asked`` (being replayed), ``taken`` or ``discarded``."""
    code: str
    detail: str = ""
    kind: str = ""
    issuer: str = ""
    document: str = ""
    message_id: str = ""
    body_size: int = 0
    body_sha256: str | None = None
    first_seen_at: datetime
    last_seen_at: datetime
    times: int = 1
    replays: int = 0
    refused_at: datetime | None = None
    """When the sender was told that the document is refused: it stays refused."""
    settled_at: datetime | None = None
    act: str | None = None


class Replays(Contract):
    """What an order to replay came to; ``act`` finds its letters."""

    act: str
    asked: int
    refused: int
    left: int


class Draining(Contract):
    """Since when, by whom and why a node takes nothing in."""

    since: datetime
    by: str
    reason: str = ""


class NodeState(Contract):
    """What is open at a node."""

    node: str
    draining: Draining | None = None
    is_drained: bool = False
    outbox: int
    outbox_paused: int = 0
    outbox_sent: int = 0
    """With brokers, not yet acknowledged by next hops: kept, and sent again if they are lost."""
    oldest_at: datetime | None = None
    failing: int = 0
    inbox: int = 0
    claimed: int = 0
    redeliveries: int = 0
    evidence_not_logged: int = 0
    dead_letters: int = 0
    alarms: int = 0


class Redelivery(Contract):
    """How far an order to give an agency its documents again got."""

    agency: str
    made: int
    complete: bool
    would_make: int | None = None
    """Of a dry run: how many documents it would be."""
