"""Shows this node's evidence log to others: checkpoints, proofs, entries."""

import asyncio
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.evidence_log import evidence_leaf_hash, is_shown_truly, subtrees_within
from lienthong.exchange.errors import CheckpointMissing, EvidenceNotLogged, LogDamaged, LogSizeInvalid
from lienthong.exchange.storage.checkpoints import checkpoint_of, covering_size, newest_size
from lienthong.exchange.storage.evidence_log import Entry, entries, entry_lengths, entry_of, log_size, stored_hashes
from lienthong.exchange.usecases.process import Process
from lienthong.shared.contracts.log import (
    MAX_ENTRIES_BYTES,
    CheckpointAnswer,
    ConsistencyAnswer,
    EntriesAnswer,
    InclusionAnswer,
    LogEntry,
)
from lienthong.shared.identifiers import EvidenceId, is_sha256
from lienthong.shared.merkle import consistency_needs, consistency_proof, inclusion_needs, inclusion_proof
from lienthong.shared.merkle_ranges import range_needs, range_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEntries:
    """At most ``limit`` entries from ``begin`` on, proven to stand in the log of ``size`` entries."""

    begin: int
    size: int
    limit: int


async def newest_checkpoint(process: Process, *, stamped: bool) -> CheckpointAnswer:
    """The newest checkpoint, or the newest that is time-stamped. Raises :class:`CheckpointMissing`."""
    async with process.database.read() as connection:
        size = await newest_size(connection, stamped=stamped)
    return await one_checkpoint(process, size or 0)


async def covering_checkpoint(process: Process, size: int) -> CheckpointAnswer:
    """The best checkpoint over the first ``size`` entries: see :func:`covering_size`.

    Raises:
        CheckpointMissing: None covers them yet.
    """
    async with process.database.read() as connection:
        covering = await covering_size(connection, size)
    return await one_checkpoint(process, covering or 0)


async def one_checkpoint(process: Process, size: int) -> CheckpointAnswer:
    """The checkpoint of exactly ``size`` entries. Raises :class:`CheckpointMissing`."""
    async with process.database.read() as connection:
        found = await checkpoint_of(connection, size)
    if found is None:
        raise CheckpointMissing("The log has no such checkpoint, or not yet; one is made within seconds of an entry.")
    return found


async def prove_inclusion(process: Process, evidence: EvidenceId, *, size: int | None) -> InclusionAnswer:
    """Where ``evidence`` stands, and the proof in the log of ``size`` entries.

    Args:
        process: This node.
        evidence: Made by this node.
        size: None: that of the best checkpoint that covers the evidence.

    Raises:
        EvidenceNotLogged: It is not in the log, or not among the first ``size`` entries.
        CheckpointMissing: No checkpoint covers it yet.
        LogSizeInvalid: The log is not that large.
        LogDamaged: Hashes are missing.
    """
    async with process.database.read() as connection:
        leaf = await entry_of(connection, evidence)
        if leaf is None:
            raise EvidenceNotLogged("This node has not logged that evidence, or not yet.")
        if size is None and (size := await covering_size(connection, leaf.index + 1)) is None:
            raise CheckpointMissing("No checkpoint covers the evidence yet; one is made within seconds.")
        _require_size(size, await log_size(connection))
        if leaf.index >= size:
            raise EvidenceNotLogged(f"The evidence is not among the first {size} entries of the log.")
        hashes = await stored_hashes(connection, inclusion_needs(leaf.index, size))
    proof = _hex(inclusion_proof(leaf.index, size, hashes))
    return InclusionAnswer(evidence=evidence, index=leaf.index, size=size, leaf_hash=leaf.hash.hex(), proof=proof)


async def prove_consistency(process: Process, old: int, new: int) -> ConsistencyAnswer:
    """Proof that the log of ``new`` entries begins with that of ``old``.

    Raises:
        LogSizeInvalid: The log is not that large, or ``old`` is larger than ``new``.
        LogDamaged: Hashes are missing.
    """
    if old > new:
        raise LogSizeInvalid("A log is consistent with larger ones only: 'from' is at most 'to'.")
    async with process.database.read() as connection:
        _require_size(new, await log_size(connection))
        if old == 0:
            return ConsistencyAnswer(from_size=old, to_size=new, proof=())
        hashes = await stored_hashes(connection, consistency_needs(old, new))
    proof = () if old == new else _hex(consistency_proof(old, new, hashes))
    return ConsistencyAnswer(from_size=old, to_size=new, proof=proof)


async def read_entries(process: Process, wanted: WantedEntries) -> EntriesAnswer:
    """Entries as their texts are now; fewer than wanted when they are long, but at least one.

    Raises:
        LogSizeInvalid: The log is not that large, or begins later than it ends.
        LogDamaged: Entries or hashes are missing or contradict each other, or what is shown is not what entries say.
    """
    if wanted.begin >= wanted.size:
        raise LogSizeInvalid("'begin' is below 'size': the first entry is 0.")
    async with process.database.read() as connection:
        _require_size(wanted.size, await log_size(connection))
        last = min(wanted.begin + wanted.limit, wanted.size)
        end = wanted.begin + _fitting(await entry_lengths(connection, wanted.begin, last))
        found = await entries(connection, wanted.begin, end)
        if not found or [one.index for one in found] != list(range(wanted.begin, end)):
            raise LogDamaged("Entries of this node's evidence log are missing. Its operator must look into it.")
        shown = tuple(_shown(one) for one in found)
        await _require_tree(connection, shown)
        hashes = await stored_hashes(connection, range_needs(wanted.begin, end, size=wanted.size))
    await asyncio.to_thread(_require_shown_truly, found)
    proof = _hex(range_proof(wanted.begin, end, size=wanted.size, hashes=hashes))
    return EntriesAnswer(node=process.here, size=wanted.size, entries=shown, proof=proof)


def _fitting(lengths: list[int]) -> int:
    """How many entries one answer holds."""
    return max(sum(total <= MAX_ENTRIES_BYTES for total in accumulate(lengths)), min(1, len(lengths)))


def _shown(entry: Entry) -> LogEntry:
    if not is_sha256(entry.leaf_hash):
        raise LogDamaged(f"The hash of entry {entry.index} of this node's log is damaged.")
    return LogEntry(index=entry.index, evidence=entry.evidence, jws=entry.jws, leaf_hash=entry.leaf_hash)


async def _require_tree(connection: AsyncConnection, shown: tuple[LogEntry, ...]) -> None:
    """Passes if the subtrees that are kept over the entries alone are those over their kept hashes."""
    begin = shown[0].index
    within = subtrees_within(begin, [bytes.fromhex(one.leaf_hash) for one in shown])
    if within != await stored_hashes(connection, within):
        raise LogDamaged(f"The tree over the entries {begin} to {shown[-1].index} of this node's log is damaged.")


def _require_shown_truly(found: list[Entry]) -> None:
    for one in found:
        rewritten = evidence_leaf_hash(one.jws).hex() != one.leaf_hash  # that the reader sees for himself
        if not rewritten and not is_shown_truly(one.jws, one.claims, evidence=one.evidence):
            raise LogDamaged(f"What this node shows for entry {one.index} of its log is not what the entry says.")


def _hex(hashes: list[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)


def _require_size(size: int, there: int) -> None:
    if size > there:
        raise LogSizeInvalid(f"The log has {there} entries.", facts={"size": there})
