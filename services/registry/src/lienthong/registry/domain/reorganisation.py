"""An act on its way: uploaded by one operator, approved by another, applied when it takes effect, or withdrawn.

It is never edited. A person is known by the subject of the token that the registry gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from lienthong.registry.domain.findings import Remark
from lienthong.registry.errors import (
    ActApprovalNotAllowed,
    ActConflicts,
    ActDecided,
    ActInThePast,
    ActSameInstant,
)
from lienthong.shared.contracts.directory import ReorganisationStatement
from lienthong.shared.identifiers import Sha256
from lienthong.shared.tokens import Principal

ReorganisationId = NewType("ReorganisationId", str)
"""UUIDv7."""
NODE_CLIENT_PREFIX: Final = "node."
"""Client ids that the registry gives to nodes only."""
MAX_REMARKS: Final = 100
"""Problems and warnings that an answer lists; it counts all."""


class State(StrEnum):
    """What became of an act."""

    UPLOADED = "uploaded"
    APPROVED = "approved"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """It did not fit the directory any more when it was due; nothing of it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who decided when, and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """When an act was applied, the version of the directory that it made, and what it did."""

    at: datetime
    version: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """When an act was due in vain, and what stood against it."""

    at: datetime
    remarks: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorganisation:
    """An act and what became of it; the file itself is kept beside it."""

    id: ReorganisationId
    title: str
    effective_at: datetime
    media_type: str
    sha256: Sha256
    operations: int
    uploaded_by: str
    uploaded_at: datetime
    approval: Said | None = None
    withdrawal: Said | None = None
    applied: Applied | None = None
    failed: Failed | None = None
    seals: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """What it is now."""
        if self.withdrawal is not None:
            return State.WITHDRAWN
        if self.applied is not None:
            return State.APPLIED
        if self.failed is not None:
            return State.FAILED
        return State.UPLOADED if self.approval is None else State.APPROVED

    def statement(self) -> ReorganisationStatement:
        """What is sealed of it, once it is approved."""
        if self.approval is None:
            raise ValueError("nothing is stated of an act that nobody approved")
        return ReorganisationStatement(
            id=self.id,
            title=self.title,
            sha256=self.sha256,
            operations=self.operations,
            effective_at=self.effective_at,
            uploaded_by=self.uploaded_by,
            uploaded_at=self.uploaded_at,
            approved_by=self.approval.by,
            approved_at=self.approval.at,
            applied_at=self.applied.at if self.applied else None,
            version=self.applied.version if self.applied else None,
        )


def require_future(effective_at: datetime, now: datetime) -> None:
    """Raises :class:`ActInThePast`: what was true is not rewritten."""
    if effective_at < now:
        raise ActInThePast(
            f"The act would take effect at {effective_at.isoformat()}, which is past.",
            facts={"effective_at": effective_at.isoformat()},
        )


def approve(
    act: Reorganisation, approver: Principal, *, reason: str, others: Sequence[Reorganisation], now: datetime
) -> Said | None:
    """The approval to be recorded; None when the very same person approved it before.

    1. The approver is an operator: an agency or a node does not redraw the map.
    2. The approver did not upload it.
    3. Nobody decided on it.
    4. It is not past.
    5. None of ``others``, acts that are approved, takes effect at the same instant.

    Raises:
        ActApprovalNotAllowed: Steps 1 and 2.
        ActDecided: Step 3.
        ActInThePast: Step 4.
        ActSameInstant: Step 5.
    """
    if approver.agency is not None or approver.client_id.startswith(NODE_CLIENT_PREFIX):  # 1
        raise ActApprovalNotAllowed("Acts are approved by operators.")
    if approver.client_id == act.uploaded_by:  # 2
        raise ActApprovalNotAllowed("Who uploaded an act does not approve it; another person must.")
    if act.state is not State.UPLOADED:  # 3
        if act.state is State.APPROVED and act.approval is not None and act.approval.by == approver.client_id:
            return None
        raise ActDecided(f"The act is {act.state}.", facts={"state": act.state})
    require_future(act.effective_at, now)  # 4
    for other in others:  # 5
        if other.effective_at == act.effective_at and other.id != act.id:
            raise ActSameInstant(
                f"The act {other.id} takes effect at the same instant: make one act of both, or move one.",
                facts={"reorganisation": other.id},
            )
    return Said(by=approver.client_id, at=now, reason=reason)


def withdraw(act: Reorganisation, who: Principal, *, reason: str, now: datetime) -> Said | None:
    """The withdrawal to be recorded; None when it was withdrawn before.

    Raises:
        ActDecided: It was applied, or has taken effect and is being applied.
    """
    if act.state is State.WITHDRAWN:
        return None
    due = act.state is State.APPROVED and act.effective_at <= now
    if act.state is State.APPLIED or due:
        raise ActDecided("The act has taken effect. Another act may bring back what it changed.")
    return Said(by=who.client_id, at=now, reason=reason)


def require_no_problems(problems: Sequence[Remark]) -> None:
    """Raises :class:`ActConflicts` with what stands against an act."""
    if problems:
        first = problems[0]
        raise ActConflicts(
            f"{len(problems)} problems; line {first.line}: {first.detail}.",
            facts={"count": len(problems), "problems": shown_remarks(problems)},
        )


def shown_remarks(remarks: Sequence[Remark]) -> list[dict[str, object]]:
    """The first of them, JSON-ready."""
    return [
        {"line": one.line, "code": one.code, "kind": one.kind.value, "detail": one.detail}
        for one in remarks[:MAX_REMARKS]
    ]
