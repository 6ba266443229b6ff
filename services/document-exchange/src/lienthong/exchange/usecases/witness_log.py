"""One round of a witness over one neighbour's log."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

from lienthong.exchange.domain.witnesses import LogJudge
from lienthong.exchange.domain.witnessing import (
    AuditProgress,
    LogViolated,
    NotedCheckpoint,
    Violation,
    judged_checkpoint,
    old_entries,
    require_continued,
    require_entries,
    require_remembered,
)
from lienthong.exchange.errors import WitnessOvertaken
from lienthong.exchange.storage.witnessing import (
    audit_progress,
    held_checkpoint,
    hold_checkpoint,
    keep_progress,
    lock_witness,
)
from lienthong.exchange.usecases.make_checkpoint import own_certificates
from lienthong.exchange.usecases.node_logs import node_log
from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.node_log import NodeLogClient, NodeLogMissing, NodeLogUnusable
from lienthong.shared.contracts.log import MAX_ENTRIES, CheckpointAnswer, Cosignature, WitnessedCheckpoint
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.checkpoints import Checkpoint, cosign

MAX_NEW_ENTRIES: Final = 20_000
"""New entries that one round reads; the rest of a log that grew quickly waits for the next rounds."""
T = TypeVar("T")


async def witness_log(node: NodeId, process: Process) -> None:
    """Looks at the log of ``node``, reads entries, and signs what is good.

    1. Its newest checkpoint, and the newest time-stamped one, are good and continue the one held.
    2. The new entries are the texts that were hashed; so is a window of the old ones, which moves on every time.
    3. The checkpoints are remembered, with how far entries were read. Only then:
    4. They are signed, and the signatures handed over. What got lost on the way is handed over in the next round.

    Raises:
        LogViolated: The node did what it must never do; nothing is remembered or signed.
        NodeLogUnavailable, NodeLogMissing, NodeLogUnusable: It is away, or does not take the signature.
        WitnessOvertaken: Another worker of this node did the same at the same time.
    """
    await _Round(node, process).run()


@dataclass(frozen=True, slots=True)
class _Shown:
    answer: CheckpointAnswer
    noted: NotedCheckpoint

    @property
    def checkpoint(self) -> Checkpoint:
        return self.noted.checkpoint


class _Round:
    def __init__(self, node: NodeId, process: Process) -> None:
        self._node = node
        self._process = process
        self._log: NodeLogClient = node_log(node, process)

    async def run(self) -> None:
        async with self._process.database.read() as connection:
            held = await held_checkpoint(connection, self._node)
            progress = await audit_progress(connection, self._node)
        shown = await self._shown(held)  # 1
        if not shown:
            return
        reached = await self._audited(shown[-1].noted, progress)  # 2
        new = [one.noted for one in shown if one.checkpoint.size > _size(held)]
        if new or reached != progress:
            await self._keep(held, new, reached)  # 3
        for one in shown:
            await self._hand_over(one)  # 4

    async def _shown(self, held: NotedCheckpoint | None) -> list[_Shown]:
        """What is to be signed, the smaller one first; nothing when the log is empty."""
        try:
            newest = self._judged(await _shown_by(self._log.newest()), held)
        except NodeLogMissing:
            require_remembered(held)
            return []
        last = None if held is None else held.checkpoint
        shown = [newest]
        if not newest.answer.time_stamps and (stamped := await self._stamped(held, newest)) is not None:
            shown.insert(0, stamped)
        for one in shown:
            if last is not None and last.size < one.checkpoint.size:
                proof = await _shown_by(self._log.consistency(last.size, one.checkpoint.size))
                require_continued(last, one.noted, proof)
            last = one.checkpoint
        return shown

    async def _stamped(self, held: NotedCheckpoint | None, newest: _Shown) -> _Shown | None:
        """The newest time-stamped checkpoint, if it lies between the one held and the newest."""
        try:
            answer = await _shown_by(self._log.newest(stamped=True))
        except NodeLogMissing:
            return None
        if not _size(held) < answer.size < newest.checkpoint.size:
            return None
        return self._judged(answer, held)

    def _judged(self, answer: CheckpointAnswer, held: NotedCheckpoint | None) -> _Shown:
        process = self._process
        judge = LogJudge(
            here=process.here,
            trust=process.trust.current(),
            directory=process.directory.current(),
            at=process.clock(),
        )
        return _Shown(answer, judged_checkpoint(answer, held, node=self._node, judge=judge))

    async def _audited(self, seen: NotedCheckpoint, progress: AuditProgress) -> AuditProgress:
        rolling = progress.rolling
        for begin, end in old_entries(progress, window=self._process.settings.witness_window):
            rolling = await self._read(begin, end, seen)
        newest = min(seen.checkpoint.size, progress.audited + MAX_NEW_ENTRIES)
        return AuditProgress(audited=await self._read(progress.audited, newest, seen), rolling=rolling)

    async def _read(self, begin: int, end: int, seen: NotedCheckpoint) -> int:
        """Reads and proves entries; gives ``end``."""
        while begin < end:
            limit = min(MAX_ENTRIES, end - begin)
            answer = await _shown_by(self._log.entries(begin, size=seen.checkpoint.size, limit=limit))
            begin = await asyncio.to_thread(require_entries, answer, begin=begin, end=end, seen=seen)
        return end

    async def _keep(self, held: NotedCheckpoint | None, found: list[NotedCheckpoint], progress: AuditProgress) -> None:
        async with self._process.database.begin() as connection:
            await lock_witness(connection)
            if await held_checkpoint(connection, self._node) != held:
                raise WitnessOvertaken("Another worker of this node witnessed the log meanwhile.")
            for one in found:
                await hold_checkpoint(connection, self._node, one, at=self._process.clock())
            await keep_progress(connection, self._node, progress)

    async def _hand_over(self, shown: _Shown) -> None:
        here = self._process.here
        if any(one.witness == here for one in shown.answer.cosignatures):
            return
        line = cosign(shown.checkpoint, self._process.seal_key, witness=here, at=self._process.clock())
        given = Cosignature(witness=here, line=line, certificates=own_certificates(self._process))
        await self._log.cosign(WitnessedCheckpoint(size=shown.checkpoint.size, cosignature=given))


def _size(held: NotedCheckpoint | None) -> int:
    return 0 if held is None else held.checkpoint.size


async def _shown_by(answer: Awaitable[T]) -> T:
    """The answer; one that no log gives is a violation. Raises :class:`LogViolated`."""
    try:
        return await answer
    except NodeLogUnusable as error:
        raise LogViolated(Violation.DAMAGED, error.detail) from error
