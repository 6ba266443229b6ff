"""What an act says of each agency, and whom it makes succeed whom: the first half of trying it on the directory."""

from dataclasses import dataclass, field

from lienthong.registry.domain.acts import ENDING, Act, Kind, Operation
from lienthong.registry.domain.findings import Fault, Oddity, Remark
from lienthong.registry.domain.standing import Standing, SuccessionCircle, ends_of, found_by, holders_of
from lienthong.shared.identifiers import AgencyCode


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the act says of one agency: at most one operation of each kind."""

    operations: dict[Kind, tuple[int, Operation]] = field(default_factory=dict)

    @property
    def first(self) -> tuple[int, Operation]:
        """Any of them, for what they have in common."""
        return next(iter(self.operations.values()))

    @property
    def ending(self) -> tuple[int, Operation] | None:
        """The one that closes the agency, if one does."""
        for kind in ENDING:
            if kind in self.operations:
                return self.operations[kind]
        return None


@dataclass(slots=True, kw_only=True)
class ActPlans:
    """What one act says of each agency (``plans``), and the codes that it closes with their successors (``links``).

    ``new`` are the codes that it gives out, each with its line.
    """

    act: Act
    standing: Standing
    former: dict[str, AgencyCode] = field(default_factory=dict)
    plans: dict[AgencyCode, Plan] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)
    links: dict[AgencyCode, tuple[AgencyCode, ...]] = field(default_factory=dict)
    followed: dict[AgencyCode, tuple[AgencyCode, ...] | None] = field(default_factory=dict)
    problems: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    # 1. Operations

    def gather(self) -> None:
        """Every operation names an agency at work, or a code that is free; no two of them contradict."""
        self.former = holders_of(self.standing)
        for line, operation in self.act.operations:
            if self.act.decision_of(operation) is None:
                self.fault(line, operation.code, Fault.DECISION_MISSING, "no decision is named for it")
            if operation.do is Kind.ESTABLISH:
                self._claim(line, operation.code, operation.old_code)
                self._plan(line, AgencyCode(operation.code), operation)
            elif (own := self._at_work(line, operation)) is not None:
                self._plan(line, own, operation)
        for code, plan in self.plans.items():
            if plan.ending is not None and len(plan.operations) > 1:
                self.fault(plan.ending[0], code, Fault.CONFLICTING, "what is closed cannot be changed as well")

    def _at_work(self, line: int, operation: Operation) -> AgencyCode | None:
        own = found_by(operation.code, self.standing, self.former)
        if own is None:
            detail = f"there is no agency {operation.code}"
            self.fault(line, operation.code, Fault.UNKNOWN_CODE, detail)
            return None
        if own in self.standing.closed:
            self.fault(line, operation.code, Fault.CLOSED_ALREADY, f"{own} is closed before")
            return None
        return own

    def _plan(self, line: int, own: AgencyCode, operation: Operation) -> None:
        held = self.plans.setdefault(own, Plan()).operations
        if operation.do in held:
            first, _ = held[operation.do]
            self.fault(line, own, Fault.DUPLICATE, f"line {first} does {operation.do} to {own} already")
            return
        held[operation.do] = (line, operation)
        if operation.do is Kind.RECODE and operation.new_code is not None:
            self._claim(line, operation.new_code, operation.old_code)

    def _claim(self, line: int, code: str, old_code: str | None) -> None:
        for one in filter(None, (code, old_code)):
            holder = found_by(one, self.standing, self.former)
            if holder is not None:
                self.fault(line, one, Fault.CODE_TAKEN, f"the code {one} is that of {holder}; none is used again")
            elif (first := self.new.setdefault(one, line)) != line:
                self.fault(line, one, Fault.CODE_TAKEN, f"line {first} gives out the code {one} already")

    # 2. Successors

    def link(self) -> None:
        """Successors exist and are followed to the end; none leads back."""
        for code, plan in self.plans.items():
            if plan.ending is not None:
                self.links[code] = self._successors(code, *plan.ending)
            elif Kind.RECODE in plan.operations:
                self.links[code] = (AgencyCode(str(plan.operations[Kind.RECODE][1].new_code)),)
        for code in self.links:
            self._follow(code, self.plans[code].first[0])

    def _successors(self, code: AgencyCode, line: int, operation: Operation) -> tuple[AgencyCode, ...]:
        found: dict[AgencyCode, None] = {}
        for named in operation.into:
            successor = self.resolved(named)
            if successor is None:
                self.fault(line, named, Fault.UNKNOWN_CODE, f"there is no agency {named} to succeed {code}")
            elif successor == code:
                self.fault(line, code, Fault.INTO_ITSELF, f"{code} would succeed itself; leave it out")
            else:
                found[successor] = None
        if len(found) > 1 and operation.rule is None:
            detail = f"say how the {len(found)} successors share: rule all or first"
            self.fault(line, code, Fault.RULE_MISSING, detail)
        return tuple(found)

    def _follow(self, code: AgencyCode, line: int) -> None:
        ends = self.ends(code)
        if ends is None:
            self.fault(line, code, Fault.CIRCLE, f"the successors of {code} lead back to it, or never end")
            return
        if self.links[code] and not ends:
            self.fault(line, code, Fault.SUCCESSOR_ENDS, f"nobody is left at work to succeed {code}")
        elif ends != self.links[code]:
            detail = f"its successors are closed too; in the end {', '.join(ends)} answers for it"
            self.warn(line, code, Oddity.SUCCESSOR_CLOSED, detail)

    def resolved(self, named: str) -> AgencyCode | None:
        """An agency of before, or one that this act makes."""
        return AgencyCode(named) if named in self.new else found_by(named, self.standing, self.former)

    def ends(self, code: AgencyCode) -> tuple[AgencyCode, ...] | None:
        """The agencies at work after the act that answer for ``code``; None where they form a circle."""
        if code not in self.links and code not in self.standing.closed:
            return (code,)
        if code not in self.followed:
            try:
                self.followed[code] = ends_of(code, self.links, self.standing.closed)
            except SuccessionCircle:
                self.followed[code] = None
        return self.followed[code]

    def fault(self, line: int | None, code: str, kind: Fault, detail: str) -> None:
        """Something stands against the act."""
        self.problems.append(Remark(line=line, code=code, kind=kind, detail=detail))

    def warn(self, line: int | None, code: str, kind: Oddity, detail: str) -> None:
        """Something is odd."""
        self.warnings.append(Remark(line=line, code=code, kind=kind, detail=detail))
