"""Tells the nodes before this one which of their messages it has taken, many in one notice."""

import asyncio
from collections import deque
from datetime import timedelta

import structlog

from lienthong.exchange.usecases.process import Process
from lienthong.shared.bus import Message, Publisher
from lienthong.shared.contracts.taken import MESSAGES_PER_NOTICE, TAKEN_TYPE, Taken
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid

LINGER = timedelta(milliseconds=100)
"""How long a notice waits for more messages after its first."""
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)
UNTOLD_KEPT = 4096
"""Messages of one node that are remembered while it cannot be told; for older ones it asks by repeating them."""
NOTICE_PRIORITY = 9
"""Before all documents: a notice makes room in the sender's window."""

_log = structlog.get_logger(__name__)


class TakenNotices:
    """The notices of one node. Nothing is kept on disk: a sender that is not told repeats.

    Args:
        process: The node.
        bus: Carries notices to any neighbour.
        tasks: Runs what tells them.
    """

    def __init__(self, process: Process, bus: Publisher, tasks: asyncio.TaskGroup) -> None:
        self._process = process
        self._bus = bus
        self._tasks = tasks
        self._untold: dict[NodeId, deque[MessageId]] = {}

    def note(self, message: MessageId, *, sent_by: NodeId) -> None:
        """That ``message`` needs no repetition. Call it after the commit."""
        if (waiting := self._untold.get(sent_by)) is None:
            waiting = self._untold[sent_by] = deque(maxlen=UNTOLD_KEPT)
            self._tasks.create_task(self._tell(sent_by, waiting))
        waiting.append(message)

    async def _tell(self, node: NodeId, waiting: deque[MessageId]) -> None:
        pause = FIRST_PAUSE
        while waiting:
            await asyncio.sleep(LINGER.total_seconds())
            messages = tuple(waiting.popleft() for _ in range(min(len(waiting), MESSAGES_PER_NOTICE)))
            try:
                await self._bus.publish(self._notice(node, messages))
            except LienthongError as error:
                _log.info("a sender is not told yet", node=node, code=error.code)
                waiting.extendleft(reversed(messages[: UNTOLD_KEPT - len(waiting)]))
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
        del self._untold[node]

    def _notice(self, node: NodeId, messages: tuple[MessageId, ...]) -> Message:
        process = self._process
        taken = Taken(issuer=process.here, audience=node, issued_at=process.clock(), messages=messages)
        sealed = process.seal_key.seal(TAKEN_TYPE, taken)
        return Message(id=MessageId(new_uuid()), destination=node, envelope=sealed, priority=NOTICE_PRIORITY)
