"""What is found when an act is tried on the directory: changes, and what stands against them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lienthong.registry.domain.acts import Kind
from lienthong.registry.domain.standing import Change


class Fault(StrEnum):
    """Why an act cannot be applied."""

    UNKNOWN_CODE = "unknown-code"
    CLOSED_ALREADY = "closed-already"
    CODE_TAKEN = "code-taken"
    DUPLICATE = "duplicate-operation"
    CONFLICTING = "conflicting-operations"
    INTO_ITSELF = "into-itself"
    RULE_MISSING = "rule-missing"
    DECISION_MISSING = "decision-missing"
    CIRCLE = "successors-in-a-circle"
    SUCCESSOR_ENDS = "successor-without-successor"
    UNKNOWN_NODE = "unknown-node"
    PARENT = "parent-missing"
    CHILD_LEFT = "child-left-without-parent"
    LEVEL = "level-above-parent"
    TREE = "parents-in-a-circle"


class Oddity(StrEnum):
    """What is odd, but no reason to refuse an act."""

    CODE_FORM = "code-of-neither-form"
    SUCCESSOR_CLOSED = "successor-closed-too"
    PARENT_CLOSED = "parent-closed-too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to say about an operation; ``line`` None: about an agency that none of them names."""

    line: int | None
    code: str
    kind: Fault | Oddity
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an act does. With ``problems`` it cannot be applied; the changes are what is left of it then.

    New agencies come before those below them.
    """

    changes: tuple[Change, ...]
    problems: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


def _is_alias(change: Change) -> bool:
    """The new code of an agency that is counted under its old one."""
    return change.before is None and Kind.ESTABLISH not in change.kinds


def counts_of(outcome: Outcome) -> Mapping[str, int]:
    """How many codes the act opens, closes and changes, and how often it does each kind of operation.

    ``moved_along``: agencies that pass to another parent with no operation of their own.
    """
    changes = outcome.changes
    done = Counter(
        kind for change in changes if change.line is not None and not _is_alias(change) for kind in change.kinds
    )
    return {
        "opened": sum(change.before is None for change in changes),
        "closed": sum(change.after is None for change in changes),
        "changed": sum(change.before is not None and change.after is not None for change in changes),
        "moved_along": sum(change.line is None for change in changes),
        **{kind.value: done[kind] for kind in Kind},
    }
