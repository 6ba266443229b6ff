"""The rounds of a witness over all logs that this node co-signs, and the alarms that come of them."""

import asyncio
from collections import Counter
from typing import Final

import structlog

from lienthong.exchange.domain.witnesses import witnessed_by
from lienthong.exchange.domain.witnessing import LogViolated
from lienthong.exchange.storage.witnessing import Alarm, all_alarms, count_alarm, held_checkpoint
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.witness_log import witness_log
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import NodeId

LOGS_AT_ONCE: Final = 8
"""Logs that are looked at at the same time: one that does not answer holds up nobody for long."""
FAILED_ROUNDS: Final = 2
"""Rounds in a row that fail before the log says so: a restart takes one."""

_log = structlog.get_logger(__name__)


class WitnessRounds:
    """Looks at every log that this node witnesses, again and again. One of them that fails holds no other up."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._places = asyncio.Semaphore(LOGS_AT_ONCE)
        self._failed: Counter[NodeId] = Counter()

    async def run(self) -> None:
        """One round.

        Raises:
            DirectoryMissing, NodeUnknown: There is no directory, or it has not this node.
        """
        nodes = witnessed_by(self._process.here, self._process.directory.current())
        async with asyncio.TaskGroup() as tasks:
            for node in nodes:
                tasks.create_task(self._look_at(node))

    async def _look_at(self, node: NodeId) -> None:
        async with self._places:
            try:
                await self._judge(node)
            except Exception as error:  # noqa: BLE001 — whatever it is, the next round may succeed
                self._tell_failure(node, error)
            else:
                if self._failed.pop(node, 0) >= FAILED_ROUNDS:
                    _log.info("a log is witnessed again", node=node)

    async def _judge(self, node: NodeId) -> None:
        try:
            await witness_log(node, self._process)
        except LogViolated as violated:
            rounds = await raise_alarm(node, violated, self._process)
            _log.error(
                "a log is not append-only",
                node=node,
                violation=violated.violation.value,
                detail=violated.detail,
                rounds=rounds,
            )

    def _tell_failure(self, node: NodeId, error: Exception) -> None:
        self._failed[node] += 1
        if self._failed[node] == FAILED_ROUNDS:
            code = error.code if isinstance(error, LienthongError) else type(error).__name__
            unknown = None if isinstance(error, LienthongError) else error
            _log.warning("a log cannot be witnessed", node=node, code=code, detail=str(error), exc_info=unknown)


async def raise_alarm(node: NodeId, violated: LogViolated, process: Process) -> int:
    """Keeps the violation for the operators; in how many rounds it was seen. It is never cleared by itself."""
    now = process.clock()
    async with process.database.begin() as connection:
        held = await held_checkpoint(connection, node)
        alarm = Alarm(
            node=node,
            violation=violated.violation.value,
            detail=violated.detail,
            held_note=held.note if held else "",
            seen_note=violated.seen_note,
            first_seen_at=now,
            last_seen_at=now,
            rounds=1,
        )
        return await count_alarm(connection, alarm)


async def list_alarms(process: Process) -> list[Alarm]:
    """Every alarm that this node raised, the one seen last first."""
    async with process.database.read() as connection:
        return list(await all_alarms(connection))
