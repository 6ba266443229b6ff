"""A reorganisation as its file says it: one dated act of many operations, as JSON or CSV. Checked by form only."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from lienthong.registry.domain.agencies import Code, Email, Name, plain_text
from lienthong.registry.domain.agency_csv import BYTE_ORDER_MARK
from lienthong.registry.domain.dated import Decision, instant_of
from lienthong.registry.errors import ActUnreadable, InstantUnreadable
from lienthong.shared.contracts.directory import Level, SuccessionRule

MAX_ACT_BYTES: Final = 64 * 1024 * 1024
"""About three times the act of July 2025 over the whole directory."""
MAX_OPERATIONS: Final = 400_000
MAX_SUCCESSORS: Final = 64
MAX_FAULTS: Final = 100
"""Faulty lines that a refusal lists."""
COLUMNS: Final = (
    *("do", "code", "into", "rule", "follow", "new_code", "old_code"),
    *("name", "parent", "level", "node", "email", "decision", "decision_date"),
)
"""Of an act as CSV; ``into`` has codes apart by spaces."""

_Day = date  # a member of that name hides the type
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True), After(plain_text)]
DecisionNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), After(plain_text)
]


class Kind(StrEnum):
    """What an operation does to one agency."""

    ESTABLISH = "establish"
    MERGE = "merge"
    SPLIT = "split"
    DISSOLVE = "dissolve"
    RENAME = "rename"
    RECODE = "recode"
    MOVE = "move"
    PLACE = "place"


ENDING: Final = frozenset({Kind.MERGE, Kind.SPLIT, Kind.DISSOLVE})
"""The agency is at work no more."""
_NEEDED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.ESTABLISH: frozenset({"name", "level"}),
    Kind.MERGE: frozenset({"into"}),
    Kind.SPLIT: frozenset({"into"}),
    Kind.DISSOLVE: frozenset(),
    Kind.RENAME: frozenset({"name"}),
    Kind.RECODE: frozenset({"new_code"}),
    Kind.MOVE: frozenset({"parent"}),
    Kind.PLACE: frozenset({"node"}),
}
_ALLOWED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.ESTABLISH: frozenset({"old_code", "parent", "node", "email"}),
    Kind.MERGE: frozenset({"follow"}),
    Kind.SPLIT: frozenset({"follow", "rule"}),
    Kind.DISSOLVE: frozenset({"follow", "rule", "into"}),
    Kind.RENAME: frozenset(),
    Kind.RECODE: frozenset({"old_code"}),
    Kind.MOVE: frozenset({"level"}),
    Kind.PLACE: frozenset(),
}


class DecisionBody(BaseModel):
    """The legal act that orders an operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    number: DecisionNumber
    date: _Day | None = None

    def decision(self) -> Decision:
        """The same, as the domain has it."""
        return Decision(number=self.number, on=self.date)


class Operation(BaseModel):
    """One operation on one agency, named by either code. Members that its kind does not take are refused.

    ``into``: the successors. ``rule``: how several of them share. ``follow`` (true unless said): clients and
    delegations of a closed agency pass to its successor, if that is one; else they end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    do: Kind
    code: Code
    into: Annotated[tuple[Code, ...], Field(max_length=MAX_SUCCESSORS)] = ()
    rule: SuccessionRule | None = None
    follow: bool = True
    new_code: Code | None = None
    old_code: Code | None = None
    name: Name | None = None
    parent: Code | None = None
    level: Level | None = None
    node: Code | None = None
    email: Email = ""
    decision: DecisionBody | None = None

    @model_validator(mode="after")
    def _members_of_its_kind(self) -> Self:
        given = self.model_fields_set - {"do", "code", "decision"}
        missing = [name for name in sorted(_NEEDED[self.do]) if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.do} needs {', '.join(missing)}")
        if strange := given - _NEEDED[self.do] - _ALLOWED[self.do]:
            raise ValueError(f"{self.do} takes no {', '.join(sorted(strange))}")
        if self.do is Kind.MERGE and len(self.into) != 1:
            raise ValueError("merge has one code in 'into'; use split for several")
        if self.do is Kind.SPLIT and len(set(self.into)) < 2:
            raise ValueError("split has several codes in 'into'; use merge for one")
        return self


class ActBody(BaseModel):
    """One act. ``decision`` is that of every operation that names none itself."""

    model_config = ConfigDict(extra="forbid")
    title: Title
    effective: Annotated[str, Field(max_length=64)]
    decision: DecisionBody | None = None
    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What an act as CSV is told beside its lines."""

    title: str
    effective: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act, read. Each operation has the number by which reports call it: its line, or its place from 1 in JSON."""

    title: str
    effective_at: datetime
    operations: Sequence[tuple[int, Operation]]
    decision: Decision | None = None

    def decision_of(self, operation: Operation) -> Decision | None:
        """The decision that orders the operation."""
        return operation.decision.decision() if operation.decision else self.decision


@dataclass(slots=True)
class _Faults:
    """What is wrong by form, line by line."""

    lines: list[dict[str, object]] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, detail: str) -> None:
        self.count += 1
        if len(self.lines) < MAX_FAULTS:
            self.lines.append({"line": line, "detail": detail})

    def raise_any(self) -> None:
        if self.count:
            first = self.lines[0]
            raise ActUnreadable(
                f"{self.count} operations cannot be read; line {first['line']}: {first['detail']}.",
                facts={"faults": self.count, "lines": self.lines},
            )


def read_act_json(content: bytes) -> Act:
    """The act in a JSON file. Raises :class:`ActUnreadable`, with the operations that are wrong by their form."""
    try:
        body = ActBody.model_validate_json(content)
    except ValidationError as error:
        faults = _Faults()
        for found in error.errors(include_url=False, include_input=False):
            where = found["loc"]
            in_operation = len(where) > 1 and where[0] == "operations" and isinstance(where[1], int)
            line = int(where[1]) + 1 if in_operation else 0
            named = ".".join(str(part) for part in (where[2:] if in_operation else where))
            faults.add(line, f"{named}: {found['msg']}" if named else found["msg"])
        faults.raise_any()
        raise
    return Act(
        title=body.title,
        effective_at=_effective(body.effective),
        operations=list(enumerate(body.operations, 1)),
        decision=body.decision.decision() if body.decision else None,
    )


def read_act_csv(content: bytes, heading: Heading) -> Act:
    """The act in a CSV file: UTF-8, one operation a line, line 1 the names of the columns.

    Raises:
        ActUnreadable: It is no such file; with the lines that are wrong by their form.
    """
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise ActUnreadable("Save the file as UTF-8.", facts={"offset": error.start}) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="", restkey="")
    try:
        if not {"do", "code"} <= set(reader.fieldnames or ()):
            raise ActUnreadable(f"The first line names the columns: {', '.join(COLUMNS)}.")
        operations = _operations((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise ActUnreadable(f"Line {reader.line_num} is not CSV.", facts={"line": reader.line_num}) from error
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise ActUnreadable(f"An act has 1 to {MAX_OPERATIONS} operations.")
    return Act(title=_title(heading.title), effective_at=_effective(heading.effective), operations=operations)


def _operations(rows: Iterable[tuple[int, Mapping[str, str | list[str]]]]) -> list[tuple[int, Operation]]:
    faults, read = _Faults(), []
    for line, row in rows:
        given: dict[str, object] = {}
        for column in COLUMNS:
            if value := str(row.get(column, "")).strip():
                given[column] = value.split() if column == "into" else value
        number, on = given.pop("decision", None), given.pop("decision_date", None)
        if number is not None:
            given["decision"] = {"number": number, **({"date": on} if on else {})}
        try:
            read.append((line, Operation.model_validate(given)))
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                faults.add(line, f"{'.'.join(map(str, found['loc']))}: {found['msg']}".removeprefix(": "))
    faults.raise_any()
    return read


class _Titled(BaseModel):
    title: Title


def _title(text: str) -> str:
    try:
        return _Titled(title=text).title
    except ValidationError as error:
        raise ActUnreadable("Give the act a title of 1 to 300 characters.", facts={"field": "title"}) from error


def _effective(text: str) -> datetime:
    try:
        return instant_of(text)
    except InstantUnreadable as error:
        raise ActUnreadable(f"effective: {error.detail}", facts={"field": "effective"}) from error


def act_json(act: Mapping[str, object]) -> bytes:
    """An act as a file that :func:`read_act_json` reads."""
    return json.dumps(act, ensure_ascii=False, separators=(",", ":")).encode()
