"""How acts of reorganisation and their previews are shown."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from lienthong.registry.api.agency_shapes import HANG_KIA, DecisionShape
from lienthong.registry.domain.acts import Kind
from lienthong.registry.domain.findings import Fault, Oddity, Remark, counts_of
from lienthong.registry.domain.reorganisation import MAX_REMARKS, Reorganisation, Said, State
from lienthong.registry.domain.standing import Change
from lienthong.registry.usecases.preview_reorganisation import Preview
from lienthong.shared.contracts.directory import AgencyEntry, SuccessionRule
from lienthong.shared.identifiers import AgencyCode

ACT_EXAMPLE: JsonDict = {
    "title": "Sắp xếp đơn vị hành chính tỉnh Phú Thọ",
    "effective": "2025-07-01",
    "decision": {"number": "202/2025/QH15", "date": "2025-06-12"},
    "operations": [
        {"do": "merge", "code": "H28", "into": ["H44"]},
        {"do": "establish", "code": "H44.151", "name": "UBND xã Pà Cò", "parent": "H44", "level": "commune"},
        {"do": "merge", "code": "H28.31.05", "into": ["H44.151"]},
        {"do": "dissolve", "code": "H28.31", "into": ["H44.151"]},
    ],
}
CSV_EXAMPLE = (
    "do,code,into,name,parent,level,decision,decision_date\n"
    "establish,H44.151,,UBND xã Pà Cò,H44,commune,1676/NQ-UBTVQH15,2025-06-16\n"
    "merge,000.05.31.H28,H44.151,,,,1676/NQ-UBTVQH15,2025-06-16\n"
)
_ID = "01900000-0000-7000-8000-000000000000"
_SAID: JsonDict = {"by": "operator.b", "at": "2025-06-20T02:00:00Z", "reason": "đúng nghị quyết"}
_ACT: JsonDict = {
    "id": _ID,
    "title": "Sắp xếp đơn vị hành chính tỉnh Phú Thọ",
    "state": "approved",
    "effective_at": "2025-06-30T17:00:00Z",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "operations": 4,
    "uploaded_by": "operator.a",
    "uploaded_at": "2025-06-19T02:00:00Z",
    "approval": _SAID,
    "withdrawal": None,
    "applied_at": None,
    "version": None,
    "counts": None,
    "failed_at": None,
    "problems": [],
    "seals": ["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
}
_CHANGE: JsonDict = {
    "code": "H28.31.05",
    "kinds": ["merge"],
    "line": 3,
    "before": HANG_KIA,
    "after": None,
    "successors": ["H44.151"],
    "rule": None,
    "follower": "H44.151",
    "decision": {"number": "202/2025/QH15", "date": "2025-06-12"},
}


class Reason(BaseModel):
    """Why an act is approved or withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "đúng nghị quyết"}]})
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class SaidShape(BaseModel):
    """Who decided when, and why."""

    by: str
    at: datetime
    reason: str

    @classmethod
    def of(cls, said: Said | None) -> Self | None:
        """How it is shown."""
        return None if said is None else cls(by=said.by, at=said.at, reason=said.reason)


class RemarkShape(BaseModel):
    """One thing to say about an operation; ``line`` null: about an agency that none of them names."""

    line: int | None
    code: str
    kind: Fault | Oddity
    detail: str

    @classmethod
    def of(cls, remark: Remark) -> Self:
        """How it is shown."""
        return cls(line=remark.line, code=remark.code, kind=remark.kind, detail=remark.detail)


class ReorganisationShape(BaseModel):
    """An act and what became of it. ``seals`` are the registry's statements (JWS): of the approval, of the application.

    ``problems`` are what stood against a ``failed`` act when it was due.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ACT]})
    id: str
    title: str
    state: State
    effective_at: datetime
    sha256: str = Field(description="Of the file as it was uploaded")
    operations: int
    uploaded_by: str
    uploaded_at: datetime
    approval: SaidShape | None
    withdrawal: SaidShape | None
    applied_at: datetime | None
    version: int | None = Field(description="Directory version that it made")
    counts: dict[str, int] | None
    failed_at: datetime | None
    problems: list[dict[str, object]]
    seals: tuple[str, ...]

    @classmethod
    def of(cls, act: Reorganisation) -> Self:
        """How it is shown."""
        return cls(
            id=act.id,
            title=act.title,
            state=act.state,
            effective_at=act.effective_at,
            sha256=act.sha256,
            operations=act.operations,
            uploaded_by=act.uploaded_by,
            uploaded_at=act.uploaded_at,
            approval=SaidShape.of(act.approval),
            withdrawal=SaidShape.of(act.withdrawal),
            applied_at=act.applied.at if act.applied else None,
            version=act.applied.version if act.applied else None,
            counts=dict(act.applied.counts) if act.applied else None,
            failed_at=act.failed.at if act.failed else None,
            problems=[dict(one) for one in act.failed.remarks] if act.failed else [],
            seals=act.seals,
        )


class ReorganisationPage(BaseModel):
    """One page of acts, by the time at which they take effect."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ACT], "next": None}]})
    items: list[ReorganisationShape]
    next: str | None


class ChangeShape(BaseModel):
    """What an act does to one code. ``before`` null: it is new; ``after`` null: it is closed.

    ``line`` null: it passes to another parent because its own is closed. ``follower`` gets clients and delegations.
    """

    code: AgencyCode
    kinds: tuple[Kind, ...]
    line: int | None
    before: AgencyEntry | None
    after: AgencyEntry | None
    successors: tuple[AgencyCode, ...]
    rule: SuccessionRule | None
    follower: AgencyCode | None
    decision: DecisionShape | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """How it is shown."""
        return cls(
            code=change.code,
            kinds=change.kinds,
            line=change.line,
            before=change.before,
            after=change.after,
            successors=change.successors,
            rule=change.rule,
            follower=change.follower,
            decision=DecisionShape.of(change.decision),
        )


class ClientShape(BaseModel):
    """A client of a closed agency; ``to`` null: it gets no tokens any more."""

    client_id: str
    agency: AgencyCode
    to: AgencyCode | None


class PreviewShape(BaseModel):
    """What an act would do when it takes effect, after the acts ``after``; lists hold 100 at most, counts all.

    ``nodes`` serve agencies that change. What is in flight there, and which certificates there are, the registry does
    not know: ``documents_in_flight`` and ``certificates`` are null until nodes and signing service are asked.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "directory_version": 17,
                    "after": [],
                    "counts": {"opened": 1, "closed": 3, "changed": 0, "moved_along": 0, "merge": 2},
                    "problem_count": 0,
                    "problems": [],
                    "warning_count": 0,
                    "warnings": [],
                    "clients_following": 1,
                    "clients_ending": 0,
                    "clients": [{"client_id": "e-office.H28.31.05", "agency": "H28.31.05", "to": "H44.151"}],
                    "delegations_following": 0,
                    "delegations_ending": 0,
                    "nodes": ["H28.31.05"],
                    "documents_in_flight": None,
                    "certificates": None,
                    "items": [_CHANGE],
                    "next": None,
                }
            ]
        }
    )
    id: str
    directory_version: int
    after: tuple[str, ...]
    counts: dict[str, int]
    problem_count: int
    problems: list[RemarkShape]
    warning_count: int
    warnings: list[RemarkShape]
    clients_following: int
    clients_ending: int
    clients: list[ClientShape]
    delegations_following: int
    delegations_ending: int
    nodes: tuple[str, ...]
    documents_in_flight: dict[str, int] | None = None
    certificates: int | None = None
    items: list[ChangeShape]
    next: str | None

    @classmethod
    def of(cls, preview: Preview, *, start: int, limit: int, following: str | None) -> Self:
        """One page of it."""
        outcome = preview.outcome
        moving = sum(one.to is not None for one in preview.clients)
        passed = sum(one.to is not None for one in preview.delegations)
        return cls(
            id=preview.act.id,
            directory_version=preview.version,
            after=preview.after,
            counts=dict(counts_of(outcome)),
            problem_count=len(outcome.problems),
            problems=[RemarkShape.of(one) for one in outcome.problems[:MAX_REMARKS]],
            warning_count=len(outcome.warnings),
            warnings=[RemarkShape.of(one) for one in outcome.warnings[:MAX_REMARKS]],
            clients_following=moving,
            clients_ending=len(preview.clients) - moving,
            clients=[
                ClientShape(client_id=one.client_id, agency=one.of, to=one.to) for one in preview.clients[:MAX_REMARKS]
            ],
            delegations_following=passed,
            delegations_ending=len(preview.delegations) - passed,
            nodes=preview.nodes,
            items=[ChangeShape.of(change) for change in outcome.changes[start : start + limit]],
            next=following,
        )
