"""Agencies as columns: a national directory in a tenth of the memory that as many objects take.

A table is a sequence of entries; each is made when it is asked for. On the wire it is one JSON object of columns.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lienthong.shared.contracts.agency_entries import AgencyEntry, ClosedAgency, Level

_LEVELS: Final = {Level.CENTRAL: "t", Level.PROVINCE: "p", Level.DISTRICT: "d", Level.COMMUNE: "c"}
"""One letter for each agency's level."""
_LEVEL_OF: Final = {letter: level for level, letter in _LEVELS.items()}
E_ = TypeVar("E_", bound=AgencyEntry)


class AgencyColumns(BaseModel):
    """Columns of equal length. ``email`` has only those that are not empty, by their place in the columns."""

    model_config = ConfigDict(extra="ignore")
    code: list[str] = Field(default_factory=list)
    old_code: list[str | None] = Field(default_factory=list)
    name: list[str] = Field(default_factory=list)
    parent: list[str | None] = Field(default_factory=list)
    level: str = Field(default="", pattern=r"^[tpdc]*$")
    node: list[str | None] = Field(default_factory=list)
    email: dict[int, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        columns = (self.old_code, self.name, self.parent, self.level, self.node)
        if any(len(column) != len(self.code) for column in columns):
            raise ValueError("the columns of a table have one length")
        known = {code: code for code in self.code}
        self.parent = [known.get(code, code) if code is not None else None for code in self.parent]
        self.node = [known.setdefault(code, code) if code is not None else None for code in self.node]
        return self

    def extend(self, entries: Iterable[AgencyEntry]) -> None:
        """Puts entries at the end."""
        levels = []
        for entry in entries:
            self.add(entry)
            levels.append(_LEVELS[entry.level])
        self.level += "".join(levels)

    def add(self, entry: AgencyEntry) -> None:
        """Puts an entry at the end, but for its level: :meth:`extend` does that for many at once."""
        if entry.email:
            self.email[len(self.code)] = entry.email
        self.code.append(entry.code)
        self.old_code.append(entry.old_code)
        self.name.append(entry.name)
        self.parent.append(entry.parent)
        self.node.append(entry.node)

    def row(self, place: int) -> dict[str, Any]:
        """The members of one entry."""
        return {
            "code": self.code[place],
            "old_code": self.old_code[place],
            "name": self.name[place],
            "parent": self.parent[place],
            "level": _LEVEL_OF[self.level[place]],
            "node": self.node[place],
            "email": self.email.get(place, ""),
        }


class ClosedColumns(AgencyColumns):
    """The same of closed agencies, with what became of them. ``closed_at``: seconds of POSIX time."""

    closed_at: list[int] = Field(default_factory=list)
    successors: list[list[str]] = Field(default_factory=list)
    succession: dict[int, str] = Field(default_factory=dict)
    last_node: list[str | None] = Field(default_factory=list)

    @model_validator(mode="after")
    def _of_one_length_too(self) -> Self:
        if any(len(column) != len(self.code) for column in (self.closed_at, self.successors, self.last_node)):
            raise ValueError("the columns of a table have one length")
        known = {code: code for code in self.code}
        self.last_node = [known.setdefault(code, code) if code is not None else None for code in self.last_node]
        self.successors = [[known.setdefault(code, code) for code in codes] for codes in self.successors]
        return self

    def add(self, entry: AgencyEntry) -> None:
        """Puts an entry at the end, but for its level."""
        if not isinstance(entry, ClosedAgency):
            raise TypeError("closed agencies only")
        if entry.succession:
            self.succession[len(self.code)] = entry.succession
        super().add(entry)
        self.closed_at.append(int(entry.closed_at.timestamp()))
        self.successors.append(list(entry.successors))
        self.last_node.append(entry.last_node)

    def row(self, place: int) -> dict[str, Any]:
        """The members of one entry."""
        return {
            **super().row(place),
            "closed_at": datetime.fromtimestamp(self.closed_at[place], UTC),
            "successors": tuple(self.successors[place]),
            "succession": self.succession.get(place),
            "last_node": self.last_node[place],
        }


class Table(Sequence[E_], Generic[E_]):
    """A sequence of entries over columns. Two are equal when their columns are."""

    __slots__ = ("_kind", "columns")

    def __init__(self, kind: type[E_], columns: AgencyColumns) -> None:
        self._kind = kind
        self.columns = columns

    @overload
    def __getitem__(self, place: int) -> E_: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[E_]: ...
    def __getitem__(self, place: int | slice) -> E_ | Sequence[E_]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._kind.model_validate(self.columns.row(place))

    def __len__(self) -> int:
        return len(self.columns.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]  # its columns are lists

    def __repr__(self) -> str:
        return f"<{len(self)} of {self._kind.__name__}>"


def agency_table(given: object) -> Table[AgencyEntry]:
    """The table of agencies that is given as a table, as entries, as their JSON, or as columns."""
    return _table(given, AgencyEntry, AgencyColumns)


def closed_table(given: object) -> Table[ClosedAgency]:
    """The same of closed agencies."""
    return _table(given, ClosedAgency, ClosedColumns)


def columns_of(table: Sequence[AgencyEntry]) -> AgencyColumns:
    """What is written of a table of agencies."""
    return agency_table(table).columns


def closed_columns_of(table: Sequence[ClosedAgency]) -> ClosedColumns:
    """What is written of a table of closed agencies."""
    columns = closed_table(table).columns
    if not isinstance(columns, ClosedColumns):
        raise TypeError("closed agencies only")
    return columns


def _table(given: object, kind: type[E_], columns: type[AgencyColumns]) -> Table[E_]:
    if isinstance(given, Table):
        return given
    if isinstance(given, dict):
        return Table(kind, columns.model_validate(given))
    if not isinstance(given, Iterable):
        raise ValueError("agencies come as columns, or as a list")  # noqa: TRY004 — pydantic's way of refusing
    entries = (one if isinstance(one, kind) else kind.model_validate(one) for one in given)
    return Table(kind, _columns(entries, columns))


def _columns(entries: Iterable[AgencyEntry], kind: type[AgencyColumns]) -> AgencyColumns:
    made = kind()
    made.extend(entries)
    return made
