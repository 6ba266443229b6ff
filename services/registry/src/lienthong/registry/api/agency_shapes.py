"""How agencies are shown: as they are, as they were, and their history."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from lienthong.registry.domain.dated import Decision, HistoryLine, SeenAgency, Status
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.identifiers import AgencyCode, NodeId

HANG_KIA: JsonDict = {
    "code": "H28.31.05",
    "old_code": "000.05.31.H28",
    "name": "UBND xã Hang Kia",
    "parent": "H28.31",
    "level": "commune",
    "node": "H28.31.05",
    "email": "hangkia@example.vn",
}
_DECISION: JsonDict = {"number": "1676/NQ-UBTVQH15", "date": "2025-06-16"}
_SEEN: JsonDict = {
    **HANG_KIA,
    "node": None,
    "status": "closed",
    "valid_from": None,
    "valid_to": "2025-06-30T17:00:00Z",
    "last_node": "H28.31.05",
    "successors": ["H44.151"],
    "responsible": ["H44.151"],
    "succession": None,
    "decision": _DECISION,
}
_LINE: JsonDict = {
    **HANG_KIA,
    "status": "active",
    "valid_from": None,
    "valid_to": "2025-06-30T17:00:00Z",
    "version": 4,
    "changed_by": "operator",
    "changed_at": "2025-01-02T03:04:05Z",
    "reorganisation": None,
    "decision": None,
}


class DecisionShape(BaseModel):
    """The legal act that something was done by."""

    number: str
    date: date | None

    @classmethod
    def of(cls, decision: Decision | None) -> Self | None:
        """How it is shown."""
        return None if decision is None else cls(number=decision.number, date=decision.on)


class Agency(AgencyEntry):
    """An agency, its place, and the node that serves it.

    ``valid_from`` (null: since before the registry) and ``valid_to`` (null: open) bound the life of the code.
    A closed agency is served by no node; ``successors`` are those that the act named, ``responsible`` those at work
    when closed successors are followed to the end, ``succession`` says how several share: ``all`` or ``first``.
    ``decision`` is the one that made this state.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_SEEN]})
    status: Status = Status.ACTIVE
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    last_node: NodeId | None = None
    successors: tuple[AgencyCode, ...] = ()
    responsible: tuple[AgencyCode, ...] = ()
    succession: str | None = None
    decision: DecisionShape | None = None

    @classmethod
    def of(cls, seen: SeenAgency) -> Self:
        """How it is shown."""
        return cls(
            **seen.entry.model_dump(),
            status=seen.status,
            valid_from=seen.valid_from,
            valid_to=seen.valid_to,
            last_node=seen.last_node,
            successors=seen.successors,
            responsible=seen.responsible,
            succession=seen.succession,
            decision=DecisionShape.of(seen.decision),
        )


class AgencyPage(BaseModel):
    """One page of agencies, by code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HANG_KIA], "next": None}]})
    items: list[AgencyEntry]
    next: str | None


class HistoryItem(AgencyEntry):
    """What was said from ``valid_from`` to ``valid_to`` (null: still), and who brought it in when, by which act."""

    status: Status
    valid_from: datetime | None
    valid_to: datetime | None
    version: int
    changed_by: str
    changed_at: datetime
    reorganisation: str | None
    decision: DecisionShape | None

    @classmethod
    def of(cls, line: HistoryLine, *, until: datetime | None) -> Self:
        """How it is shown; the next version is good from ``until`` on."""
        version = line.version
        return cls(
            **version.entry.model_dump(),
            status=version.status,
            valid_from=version.valid_from,
            valid_to=until,
            version=version.version,
            changed_by=line.changed_by,
            changed_at=line.changed_at,
            reorganisation=line.reorganisation,
            decision=DecisionShape.of(version.decision),
        )


class HistoryPage(BaseModel):
    """Versions in the order of time; ``predecessors`` are the agencies that this one succeeds directly."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "H28.31.05", "predecessors": [], "items": [_LINE], "next": None}],
        }
    )
    code: AgencyCode
    predecessors: tuple[AgencyCode, ...]
    items: list[HistoryItem]
    next: str | None
