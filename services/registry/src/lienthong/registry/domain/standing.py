"""The directory as acts find it and leave it: every code that ever was, and what became of the closed ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lienthong.registry.domain.acts import Kind
from lienthong.registry.domain.dated import Decision
from lienthong.shared.contracts.directory import AgencyEntry, SuccessionRule
from lienthong.shared.directory import MAX_SUCCESSIONS
from lienthong.shared.identifiers import AgencyCode, NodeId, new_form_of

Links = Mapping[AgencyCode, tuple[AgencyCode, ...]]
"""Successors of each closed code, as the acts named them."""


class SuccessionCircle(Exception):
    """Successors lead back to where they began, or on and on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All agencies at one moment, closed ones with what they were last; and the nodes there are."""

    agencies: Mapping[AgencyCode, AgencyEntry] = field(default_factory=dict)
    closed: Links = field(default_factory=dict)
    nodes: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an act does to one code.

    ``before`` None: the code is new. ``after`` None: it is closed, and succeeded by ``successors``. ``line`` None: no
    operation says so, its parent's does. ``follower`` is who gets clients and delegations of a closed one.
    """

    code: AgencyCode
    kinds: tuple[Kind, ...]
    before: AgencyEntry | None
    after: AgencyEntry | None
    decision: Decision | None
    line: int | None = None
    successors: tuple[AgencyCode, ...] = ()
    rule: SuccessionRule | None = None
    follower: AgencyCode | None = None


def ends_of(code: AgencyCode, *links: Links) -> tuple[AgencyCode, ...]:
    """The agencies at work that answer for ``code``: itself, or its successors, followed to the end.

    Raises:
        SuccessionCircle: They lead back, or there are more than ``MAX_SUCCESSIONS`` steps.
    """
    found: dict[AgencyCode, None] = {}
    _follow(code, links, (code,), found)
    return tuple(found)


def _follow(
    code: AgencyCode, links: tuple[Links, ...], trail: tuple[AgencyCode, ...], found: dict[AgencyCode, None]
) -> None:
    named = next((link[code] for link in links if code in link), None)
    if named is None:
        found[code] = None
        return
    for successor in named:
        if successor in trail or len(trail) > MAX_SUCCESSIONS:
            raise SuccessionCircle
        _follow(successor, links, (*trail, successor), found)


def holders_of(standing: Standing) -> dict[str, AgencyCode]:
    """Which agency each former code stands for."""
    return {entry.old_code: code for code, entry in standing.agencies.items() if entry.old_code}


def found_by(code: str, standing: Standing, former: Mapping[str, AgencyCode]) -> AgencyCode | None:
    """The agency, closed or not, with that code: its own, else its former one, else the new form of a former one."""
    own = AgencyCode(code)
    if own in standing.agencies:
        return own
    if code in former:
        return former[code]
    new_form = new_form_of(code)
    return new_form if new_form in standing.agencies else None


def changed(standing: Standing, changes: tuple[Change, ...]) -> Standing:
    """The directory after the act."""
    agencies, closed = dict(standing.agencies), dict(standing.closed)
    for change in changes:
        if change.after is None:
            closed[change.code] = change.successors
        else:
            agencies[change.code] = change.after
    return Standing(agencies=agencies, closed=closed, nodes=standing.nodes)
