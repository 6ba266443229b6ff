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
