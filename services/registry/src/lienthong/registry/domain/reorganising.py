"""What an act does to the directory: all its operations at once, each seeing the directory as it was before.

Pure: ``reorganise(act, standing)`` gives the changes, or everything that stands against them.
"""

from dataclasses import dataclass, field
from typing import Any

from lienthong.registry.domain.act_plans import ActPlans, Plan
from lienthong.registry.domain.acts import Act, Kind, Operation
from lienthong.registry.domain.agencies import MAX_DEPTH, RANK, warnings_of
from lienthong.registry.domain.findings import Fault, Oddity, Outcome, Remark
from lienthong.registry.domain.standing import Change, Standing
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode, NodeId


def reorganise(act: Act, standing: Standing) -> Outcome:
    """What ``act`` does to the directory ``standing``.

    1. Every operation names an agency at work, or a code that is free; no two of them contradict.
    2. Successors exist and are followed to the end; none leads back.
    3. Agencies that change get their new record; children of closed ones pass to the one successor.
    4. What results is a tree of agencies on nodes that exist.
    """
    run = _Run(act=act, standing=standing)
    run.gather()
    run.link()
    run.change()
    run.check()
    return run.outcome()


@dataclass(slots=True, kw_only=True)
class _Run(ActPlans):
    """One run over an act. ``after`` are the records that it leaves."""

    after: dict[AgencyCode, AgencyEntry] = field(default_factory=dict)
    changes: dict[AgencyCode, Change] = field(default_factory=dict)

    # 3. Records

    def change(self) -> None:
        for code, plan in self.plans.items():
            if Kind.ESTABLISH in plan.operations:
                self._establish(code, *plan.operations[Kind.ESTABLISH], plan)
            elif plan.ending is not None:
                self._close(code, plan)
            else:
                self._alter(code, self.standing.agencies[code], plan)
        for code, entry in self.standing.agencies.items():
            if entry.parent in self.links and code not in self.plans and code not in self.standing.closed:
                self._move_along(code, entry)

    def _establish(self, code: AgencyCode, line: int, operation: Operation, plan: Plan) -> None:
        for kind, (other, _) in plan.operations.items():
            if kind is not Kind.ESTABLISH:
                self.fault(other, code, Fault.CONFLICTING, f"{code} is new: say all of it where it is established")
        entry = AgencyEntry(
            code=code,
            old_code=AgencyCode(operation.old_code) if operation.old_code else None,
            name=str(operation.name),
            parent=self._parent(line, code, operation.parent),
            level=Level(str(operation.level)),
            node=NodeId(operation.node) if operation.node else None,
            email=operation.email,
        )
        self._leave(code, entry, (line, operation), kinds=(Kind.ESTABLISH,), before=None)

    def _close(self, code: AgencyCode, plan: Plan) -> None:
        line, operation = plan.first
        ends = self.ends(code) or ()
        self.changes[code] = Change(
            code=code,
            kinds=(operation.do,),
            before=self.standing.agencies[code],
            after=None,
            decision=self.act.decision_of(operation),
            line=line,
            successors=self.links[code],
            rule=operation.rule if len(self.links[code]) > 1 else None,
            follower=ends[0] if operation.follow and len(ends) == 1 else None,
        )

    def _alter(self, code: AgencyCode, before: AgencyEntry, plan: Plan) -> None:
        update: dict[str, Any] = {}
        for kind, (line, operation) in plan.operations.items():
            update |= self._update_of(kind, line, operation)
        line, operation = plan.first
        if Kind.MOVE not in plan.operations and before.parent in self.links:
            update["parent"] = self._inherited(line, before)
        after = before.model_copy(update=update)
        kinds = tuple(plan.operations)
        if after.code == code:
            self._leave(code, after, (line, operation), kinds=kinds, before=before)
            return
        self._leave(after.code, after, (line, operation), kinds=kinds, before=None)
        self.changes[code] = Change(
            code=code,
            kinds=kinds,
            before=before,
            after=None,
            decision=self.act.decision_of(operation),
            line=line,
            successors=self.links[code],
            follower=after.code,
        )

    def _update_of(self, kind: Kind, line: int, operation: Operation) -> dict[str, Any]:
        match kind:
            case Kind.RENAME:
                return {"name": operation.name}
            case Kind.PLACE:
                return {"node": operation.node}
            case Kind.RECODE:
                return {"code": operation.new_code, "old_code": operation.old_code}
            case Kind.MOVE:
                parent = self._parent(line, AgencyCode(operation.code), operation.parent)
                return {"parent": parent, **({"level": operation.level} if operation.level else {})}
            case _:
                return {}

    def _move_along(self, code: AgencyCode, before: AgencyEntry) -> None:
        """An agency that no operation names stands below one that is closed: it passes to the one successor."""
        parent = self._inherited(None, before)
        if before.parent is None or parent is None:
            return
        after = before.model_copy(update={"parent": parent})
        self.after[code] = after
        _, operation = self.plans[before.parent].first
        self.changes[code] = Change(
            code=code, kinds=(Kind.MOVE,), before=before, after=after, decision=self.act.decision_of(operation)
        )

    def _inherited(self, line: int | None, before: AgencyEntry) -> AgencyCode | None:
        ends = (self.ends(before.parent) if before.parent is not None else None) or ()
        if len(ends) == 1:
            return ends[0]
        detail = f"{before.parent}, above {before.code}, is closed and has not one successor: move {before.code}"
        self.fault(line, before.code, Fault.CHILD_LEFT, detail)
        return None

    def _parent(self, line: int, code: AgencyCode, named: str | None) -> AgencyCode | None:
        """The parent that an operation names; one that is closed stands for its one successor."""
        if named is None:
            return None
        parent = self.resolved(named)
        if parent is None:
            self.fault(line, code, Fault.PARENT, f"there is no agency {named} to be the parent of {code}")
            return None
        ends = self.ends(parent) or ()
        if len(ends) != 1:
            self.fault(line, code, Fault.PARENT, f"{named}, the parent of {code}, is closed and has not one successor")
            return None
        if ends[0] != parent:
            detail = f"its parent {named} is closed; {ends[0]} is taken for it"
            self.warn(line, code, Oddity.PARENT_CLOSED, detail)
        return ends[0]

    def _leave(
        self,
        code: AgencyCode,
        after: AgencyEntry,
        said: tuple[int, Operation],
        *,
        kinds: tuple[Kind, ...],
        before: AgencyEntry | None,
    ) -> None:
        line, operation = said
        self.after[code] = after
        decision = self.act.decision_of(operation)
        self.changes[code] = Change(code=code, kinds=kinds, before=before, after=after, decision=decision, line=line)
        if before is None:
            for detail in warnings_of(after):
                self.warn(line, code, Oddity.CODE_FORM, detail)

    # 4. The tree

    def check(self) -> None:
        depths: dict[AgencyCode, int] = {}
        for code, entry in self.after.items():
            line = self.changes[code].line
            if entry.node is not None and entry.node not in self.standing.nodes:
                self.fault(line, code, Fault.UNKNOWN_NODE, f"there is no node {entry.node}")
            if entry.parent is not None and self._depth(code, depths) is None:
                self.fault(line, code, Fault.TREE, f"the parents of {code} lead back to it, or are too many")
            self._check_level(code, entry)
        for code, entry in self.standing.agencies.items():
            if entry.parent in self.after and code not in self.after:
                self._check_level(code, entry)

    def _check_level(self, code: AgencyCode, entry: AgencyEntry) -> None:
        above = self._record(entry.parent) if entry.parent is not None else None
        gone = code in self.links or code in self.standing.closed
        if above is not None and not gone and RANK[above.level] > RANK[entry.level]:
            detail = f"its level, {entry.level}, is above that of {above.code}, its parent: {above.level}"
            self.fault(self.changes[code].line if code in self.changes else None, code, Fault.LEVEL, detail)

    def _record(self, code: AgencyCode) -> AgencyEntry | None:
        return self.after.get(code) or self.standing.agencies.get(code)

    def _depth(self, code: AgencyCode, known: dict[AgencyCode, int]) -> int | None:
        """How many agencies stand above; None: they form a circle, or are too many."""
        trail: list[AgencyCode] = []
        here: AgencyCode | None = code
        while here is not None and here not in known:
            if here in trail or len(trail) > MAX_DEPTH:
                return None
            trail.append(here)
            record = self._record(here)
            here = record.parent if record is not None else None
        below = known[here] if here is not None else -1
        for one in reversed(trail):
            below += 1
            known[one] = below
        return below if below <= MAX_DEPTH else None

    # What came of it

    def outcome(self) -> Outcome:
        """New agencies first, those above before those below."""
        depths: dict[AgencyCode, int] = {}

        def order(change: Change) -> tuple[bool, int]:
            is_new = change.before is None
            return (not is_new, (self._depth(change.code, depths) or 0) if is_new else 0)

        by_line = sorted(self.problems, key=_line)
        changes = tuple(sorted(self.changes.values(), key=order))
        return Outcome(changes=changes, problems=tuple(by_line), warnings=tuple(sorted(self.warnings, key=_line)))


def _line(remark: Remark) -> int:
    return remark.line or 0
