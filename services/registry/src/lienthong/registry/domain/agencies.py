"""What an agency's record must be, and how records are judged before they enter the directory."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from anyascii import anyascii
from pydantic import AfterValidator, StringConstraints

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode, CodeForm, NodeId, code_form

CODE_PATTERN = rf"^[0-9A-Za-z][0-9A-Za-z._-]{{0,{MAX_CODE_LENGTH - 1}}}$"
"""Every code that real traffic holds, of either form or of neither. Source: Decision 20/2020/QĐ-TTg for the length."""
MAX_NAME_LENGTH = 300
MAX_EMAIL_LENGTH = 254
"""Source: RFC 5321 section 4.5.3.1.3."""
MAX_DEPTH = 16
"""Levels that one may climb from an agency to the top; identity codes have four, offices below them few more."""
RANK: Mapping[Level, int] = {Level.CENTRAL: 1, Level.PROVINCE: 2, Level.DISTRICT: 3, Level.COMMUNE: 4}
"""Levels of government from the top."""

_FORMULA_STARTS = ("=", "+", "-", "@")


def plain_text(text: str) -> str:
    """``text`` itself. Raises ValueError for control characters and for what a spreadsheet would take as a formula."""
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    if text.startswith(_FORMULA_STARTS):
        raise ValueError("must not begin with =, +, - or @: spreadsheets would run it")
    return text


Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH, strip_whitespace=True),
    AfterValidator(plain_text),
]
Email = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL_LENGTH, pattern=r"^$|^[^@\s]+@[^@\s]+$"),
    AfterValidator(plain_text),
]


class AgencyDraft(Contract):
    """What a caller says about an agency, checked by form only."""

    old_code: Code | None = None
    name: Name
    parent: Code | None = None
    level: Level
    node: Code | None = None
    email: Email = ""

    def entry(self, code: str) -> AgencyEntry:
        """The directory entry that this would be under ``code``."""
        return AgencyEntry(code=AgencyCode(code), **self.model_dump())


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one record. ``line`` counts from 1 in the caller's list or file."""

    line: int
    code: str
    outcome: Outcome
    entry: AgencyEntry | None = None
    detail: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the directory holds that matters to the records: they, their ancestors, and the nodes.

    ``closed`` are those of ``agencies`` that are at work no more; their codes are never given out again.
    """

    agencies: Mapping[AgencyCode, AgencyEntry] = field(default_factory=dict)
    closed: frozenset[AgencyCode] = frozenset()
    nodes: frozenset[NodeId] = frozenset()


def search_text(text: str) -> str:
    """``text`` as it is searched: lower case, without diacritics, words apart by one space (``Đà Bắc``: ``da bac``)."""
    return " ".join(re.findall(r"[0-9a-z.]+", anyascii(text).lower()))


def warnings_of(entry: AgencyEntry) -> tuple[str, ...]:
    """What is odd about the codes, but no reason to refuse. Source: QCVN 102:2016, Decision 20/2020/QĐ-TTg."""
    found = []
    if code_form(entry.code) is not CodeForm.DECISION_20_2020:
        found.append(f"code {entry.code} has not the form of Decision 20/2020 (such as H28.31.05)")
    if entry.old_code and code_form(entry.old_code) is not CodeForm.QCVN_102_2016:
        found.append(f"old_code {entry.old_code} has not the form of QCVN 102:2016 (such as 000.05.31.H28)")
    return tuple(found)


def judge(lines: Sequence[tuple[int, AgencyEntry]], known: Known) -> list[Verdict]:
    """What becomes of each record, in an order in which they can be stored: parents before children.

    A record that is refused leaves the others alone, except those that would hang below it.
    """
    judgement = _Judgement(known)
    first_of: dict[str, int] = {}
    waiting: dict[str, list[tuple[int, AgencyEntry]]] = {}
    ready: deque[tuple[int, AgencyEntry]] = deque()
    batch = {entry.code for _, entry in lines}
    for line, entry in lines:
        if (first := first_of.setdefault(entry.code, line)) != line:
            judgement.refuse(line, entry, f"line {first} has the same code")
        elif entry.parent in batch:
            waiting.setdefault(str(entry.parent), []).append((line, entry))
        else:
            ready.append((line, entry))
    while ready:
        line, entry = ready.popleft()
        judgement.decide(line, entry)
        ready.extend(waiting.pop(entry.code, ()))
    for circle in waiting.values():
        for line, entry in circle:
            judgement.refuse(line, entry, "its parents lead back to it")
    return judgement.verdicts


class _Judgement:
    """One run over a batch: what was accepted so far counts for what comes after."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._entries = dict(known.agencies)
        self._holder = _holders(known.agencies.values())
        self.verdicts: list[Verdict] = []

    def refuse(self, line: int, entry: AgencyEntry, reason: str) -> None:
        self.verdicts.append(Verdict(line=line, code=entry.code, outcome=Outcome.REFUSED, detail=reason))

    def decide(self, line: int, draft: AgencyEntry) -> None:
        parent = self._holder.get(draft.parent, draft.parent) if draft.parent else None
        entry = draft.model_copy(update={"parent": parent})
        reason = self._code_fault(entry) or self._place_fault(entry)
        if reason:
            self.refuse(line, entry, reason)
            return
        held = self._known.agencies.get(entry.code)
        outcome = Outcome.CREATED if held is None else Outcome.UPDATED
        if held == entry:
            outcome = Outcome.UNCHANGED
        self._entries[entry.code] = entry
        self._holder.update(_holders([entry]))
        self.verdicts.append(
            Verdict(line=line, code=entry.code, outcome=outcome, entry=entry, warnings=warnings_of(entry))
        )

    def _code_fault(self, entry: AgencyEntry) -> str:
        for code in filter(None, (entry.code, entry.old_code)):
            holder = self._holder.get(code, entry.code)
            if holder != entry.code:
                return f"the code {code} belongs to agency {holder}"
        if entry.code in self._known.closed:
            return "it is closed; codes are not used again"
        held = self._known.agencies.get(entry.code)
        if held is not None and held.old_code not in {None, entry.old_code}:
            return f"its former code is {held.old_code}; codes are not overwritten"
        return ""

    def _place_fault(self, entry: AgencyEntry) -> str:
        if entry.node is not None and entry.node not in self._known.nodes:
            return f"there is no node {entry.node}"
        if entry.parent is None:
            return ""
        parent = self._entries.get(entry.parent)
        if parent is None:
            return f"there is no agency {entry.parent} to be its parent"
        if parent.code in self._known.closed:
            return f"agency {entry.parent}, its parent, is closed"
        if RANK[parent.level] > RANK[entry.level]:
            return f"its level, {entry.level}, is above that of its parent, {parent.level}"
        return self._climb_fault(entry)

    def _climb_fault(self, entry: AgencyEntry) -> str:
        above = entry.parent
        for _ in range(MAX_DEPTH + 1):
            if above is None:
                return ""
            if above == entry.code:
                return "its parents lead back to it"
            above = self._entries[above].parent
        return f"more than {MAX_DEPTH} levels lie above it"


def _holders(entries: Iterable[AgencyEntry]) -> dict[str, AgencyCode]:
    """Which agency each code stands for; a current code goes before another's former one."""
    entries = list(entries)
    former: dict[str, AgencyCode] = {entry.old_code: entry.code for entry in entries if entry.old_code}
    return former | {entry.code: entry.code for entry in entries}
