"""What a witness decides about another node's log. Answers of that node in, verdicts out; pure.

A witness remembers the last checkpoint that it found good. Whatever the node shows later must be a continuation of it,
and its entries must be the texts that were hashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.evidence_log import evidence_leaf_hash
from lienthong.exchange.domain.witnesses import LogJudge
from lienthong.shared.contracts.log import CheckpointAnswer, ConsistencyAnswer, EntriesAnswer, LogEntry
from lienthong.shared.errors import Verification
from lienthong.shared.identifiers import NodeId
from lienthong.shared.merkle import ProofInvalid, verify_consistency
from lienthong.shared.merkle_ranges import verify_range
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.checkpoints import (
    Checkpoint,
    CheckpointInvalid,
    origin_of,
    read_note,
    verify_checkpoint,
)

EMPTY_LOG: Final = "The log has no checkpoint any more."


class Violation(StrEnum):
    """What a node's log did that an append-only log cannot do."""

    ANOTHER_LOG = "checkpoint-of-another-node"
    """The node hands out a checkpoint of another node's log."""
    BAD_SIGNATURE = "bad-signature"
    """The checkpoint is not signed with a good seal of the node."""
    ROLLED_BACK = "rolled-back"
    """The log is smaller than it was: its database is an old one, or an old checkpoint is replayed."""
    TWO_HISTORIES = "two-histories"
    """The log does not begin with what it was: somebody is shown another one."""
    ENTRY_REWRITTEN = "entry-rewritten"
    """An entry is not the text that was logged."""
    DAMAGED = "log-damaged"
    """The node answers, but cannot show what it signed: rows are missing or contradict each other."""


class LogViolated(Verification):
    """The log of another node did what an append-only log cannot do."""

    code = "log-violated"
    title = "The log of another node is not append-only"

    def __init__(self, violation: Violation, detail: str, *, seen_note: str = "") -> None:
        super().__init__(detail, facts={"violation": violation.value})
        self.violation = violation
        self.seen_note = seen_note


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedCheckpoint:
    """A checkpoint with its note as the node handed it out."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgress:
    """How far entries were read. ``audited``: all before it were proven once; ``rolling``: where re-reading goes on."""

    audited: int = 0
    rolling: int = 0


def judged_checkpoint(
    answer: CheckpointAnswer, held: NotedCheckpoint | None, *, node: NodeId, judge: LogJudge
) -> NotedCheckpoint:
    """The checkpoint that ``node`` shows, if nothing about it contradicts the one held. Entries are not looked at.

    1. It is a signed note, and of the size that the answer says.
    2. It is of the node's log.
    3. It is signed with the node's seal, unless it is the very note that was found good before.
    4. The log is not smaller than it was.
    5. At the same size it has the same root.

    Raises:
        LogViolated: With the step that failed.
    """
    try:
        seen = read_note(answer.note).checkpoint
    except CheckpointInvalid as error:
        raise LogViolated(Violation.DAMAGED, error.detail, seen_note=answer.note) from error
    if seen.size != answer.size:  # 1
        raise LogViolated(Violation.DAMAGED, "The note has another size than the answer.", seen_note=answer.note)
    if seen.origin != origin_of(node):  # 2
        told = f"The node {node} shows a checkpoint of {seen.origin}."
        raise LogViolated(Violation.ANOTHER_LOG, told, seen_note=answer.note)
    if held is None or held.note != answer.note:
        _require_signed(answer, node, judge)  # 3
    if held is not None:
        _require_grown(seen, held.checkpoint, note=answer.note)  # 4, 5
    return NotedCheckpoint(checkpoint=seen, note=answer.note)


def require_remembered(held: NotedCheckpoint | None) -> None:
    """Passes a log without any checkpoint if it never had one. Raises :class:`LogViolated`: it was rolled back."""
    if held is not None:
        raise LogViolated(Violation.ROLLED_BACK, f"{EMPTY_LOG} It had {held.checkpoint.size} entries.")


def require_continued(held: Checkpoint, seen: NotedCheckpoint, answer: ConsistencyAnswer) -> None:
    """Passes if the log that is seen begins with the one held. Raises :class:`LogViolated`."""
    old, new = held, seen.checkpoint
    try:
        proof = [bytes.fromhex(one) for one in answer.proof]
        verify_consistency(old=old.size, new=new.size, proof=proof, old_root=old.root, new_root=new.root)
    except ProofInvalid as error:
        told = f"The log of {new.size} entries does not begin with the {old.size} entries that were witnessed."
        raise LogViolated(Violation.TWO_HISTORIES, told, seen_note=seen.note) from error


def require_entries(answer: EntriesAnswer, *, begin: int, end: int, seen: NotedCheckpoint) -> int:
    """Passes if the answer holds entries from ``begin`` on, as they were logged; where it ends.

    1. It holds neighbouring entries from ``begin`` on: at least one, and none from ``end`` on.
    2. The hash that the node keeps of each is that of its text.
    3. The hashes of the texts lead to the checkpoint's root.

    Raises:
        LogViolated: With the step that failed.
    """
    shown, checkpoint = answer.entries, seen.checkpoint
    until = begin + len(shown)
    if not shown or until > end or [one.index for one in shown] != list(range(begin, until)):  # 1
        raise LogViolated(
            Violation.DAMAGED, f"The node does not show the entries from {begin} on.", seen_note=seen.note
        )
    leaves = [evidence_leaf_hash(one.jws) for one in shown]
    _require_kept_hashes(shown, leaves, note=seen.note)  # 2
    try:
        proof = [bytes.fromhex(one) for one in answer.proof]
        verify_range(leaves, begin=begin, size=checkpoint.size, proof=proof, root=checkpoint.root)  # 3
    except ProofInvalid as error:
        told = f"The entries {begin} to {until - 1} are not those under the checkpoint of {checkpoint.size} entries."
        raise LogViolated(Violation.ENTRY_REWRITTEN, told, seen_note=seen.note) from error
    return until


def old_entries(progress: AuditProgress, *, window: int) -> tuple[tuple[int, int], ...]:
    """Which of the entries that were proven before are read again now: runs, each from and to before.

    The window moves on with every round and goes on at the first entry behind the last: a log of at most ``window``
    entries is read whole every time, a longer one within as many rounds as it has windows.
    """
    audited = progress.audited
    if audited <= window:
        return ((0, audited),) if audited else ()
    begin = progress.rolling % audited
    end = begin + window
    return ((begin, end),) if end <= audited else ((begin, audited), (0, end - audited))


def _require_signed(answer: CheckpointAnswer, node: NodeId, judge: LogJudge) -> None:
    try:
        certificates = [certificate_from_pem(one) for one in answer.certificates]
        note = read_note(answer.note)
        verify_checkpoint(note, node=node, certificates=certificates, trust=judge.trust, at=judge.at)
    except CheckpointInvalid as error:
        raise LogViolated(Violation.BAD_SIGNATURE, error.detail, seen_note=answer.note) from error
    except ValueError as error:
        told = "The certificates beside the checkpoint cannot be read."
        raise LogViolated(Violation.BAD_SIGNATURE, told, seen_note=answer.note) from error


def _require_grown(seen: Checkpoint, held: Checkpoint, *, note: str) -> None:
    if seen.size < held.size:
        told = f"The log had {held.size} entries and now has {seen.size}."
        raise LogViolated(Violation.ROLLED_BACK, told, seen_note=note)
    if seen.size == held.size and seen.root != held.root:
        told = f"There are two logs of {held.size} entries with different roots."
        raise LogViolated(Violation.TWO_HISTORIES, told, seen_note=note)


def _require_kept_hashes(shown: Sequence[LogEntry], leaves: Sequence[bytes], *, note: str) -> None:
    for entry, leaf in zip(shown, leaves, strict=True):
        if entry.leaf_hash != leaf.hex():
            told = f"Entry {entry.index}, evidence {entry.evidence}, is not the text that was logged."
            raise LogViolated(Violation.ENTRY_REWRITTEN, told, seen_note=note)
