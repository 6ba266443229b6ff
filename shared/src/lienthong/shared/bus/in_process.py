"""The bus of the embedded start: queues in this process's memory, with the guarantees of a broker.

Nothing here survives the process, so a publish is confirmed only when the receiver has acknowledged the message, or
whoever takes from the dead queue has: until then it is still in the sender's outbox, which is on disk. A crash loses
nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lienthong.shared.bus import (
    DEFAULT_RETRY_DELAY,
    DELIVERY_LIMIT,
    BusUnavailable,
    DeadReceived,
    Message,
    Received,
    RetryDelay,
    Unroutable,
)
from lienthong.shared.identifiers import NodeId

CONFIRM_TIMEOUT = timedelta(seconds=30)
"""How long a publisher waits for the receiver to answer; longer than the receiver takes to pull a large package
is not needed: the message comes again, and the inbox knows it."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Carried:
    message: Message
    confirmed: asyncio.Future[None]
    attempts: int = 0
    reason: str = ""
    """Why it was given up: a problem code, or ``delivery-limit``."""
    detail: str = ""


@dataclass(slots=True)
class _Queue:
    dead: "_Queue | None" = None
    """Where what is given up goes; a dead queue has none itself, and gives nothing up."""
    waiting: deque[_Carried] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, carried: _Carried) -> None:
        self.waiting.append(carried)
        self.arrived.set()

    def put_back(self, carried: _Carried) -> None:
        """Puts ``carried`` first in line, unless its publisher has given up: then the outbox sends it again."""
        if not carried.confirmed.done():
            self.waiting.appendleft(carried)
            self.arrived.set()

    def bury(self, carried: _Carried, reason: str, detail: str = "") -> None:
        """To the dead queue, unless its publisher has given up: then the outbox sends it again."""
        if carried.confirmed.done():
            return
        carried.reason, carried.detail, carried.attempts = reason, detail, 0
        (self.dead or self).put(carried)

    def remove(self, carried: _Carried) -> None:
        for queue in (self, self.dead):
            if queue is not None and carried in queue.waiting:
                queue.waiting.remove(carried)

    async def take(self) -> _Carried:
        while not self.waiting:
            self.arrived.clear()
            await self.arrived.wait()
        carried = self.waiting.popleft()
        carried.attempts += 1
        return carried


class InProcessBroker:
    """The broker that the nodes of one process share."""

    def __init__(self) -> None:
        self._queues: dict[NodeId, _Queue] = {}

    def declare(self, node: NodeId) -> None:
        """Makes the queue of ``node``, if there is none."""
        self._queues.setdefault(node, _Queue(dead=_Queue()))

    def queue(self, node: NodeId) -> _Queue:
        """The queue of ``node``. Raises :class:`Unroutable`."""
        try:
            return self._queues[node]
        except KeyError:
            raise Unroutable(f"No queue is bound for node {node}.") from None


class InProcessBus:
    """One node's sight of an :class:`InProcessBroker`.

    Args:
        broker: Shared by every node of the process.
        node: Whose queue ``open`` declares; None for a process that only publishes.
        confirm_timeout: How long ``publish`` waits for the receiver's answer.
        retry_delay: How long a message that is not wanted now stays away.
    """

    def __init__(
        self,
        broker: InProcessBroker,
        *,
        node: NodeId | None = None,
        confirm_timeout: timedelta = CONFIRM_TIMEOUT,
        retry_delay: RetryDelay = DEFAULT_RETRY_DELAY,
    ) -> None:
        self._broker = broker
        self._node = node
        self._confirm_timeout = confirm_timeout
        self._retry_delay = retry_delay
        self._is_open = False
        self._taken: set[_Taken] = set()

    async def open(self) -> None:
        """Declares this node's queue."""
        if self._node is not None:
            self._broker.declare(self._node)
        self._is_open = True

    async def close(self) -> None:
        """Gives back what is not answered for."""
        self._is_open = False
        for taken in list(self._taken):
            taken.give_back()

    async def ready(self) -> bool:
        """Whether the bus is open."""
        return self._is_open

    async def publish(self, message: Message) -> None:
        """Returns once the message was acknowledged, by its receiver or out of the dead queue."""
        if not self._is_open:
            raise BusUnavailable("The bus is closed.")
        queue = self._broker.queue(message.destination)
        carried = _Carried(message=message, confirmed=asyncio.get_running_loop().create_future())
        queue.put(carried)
        try:
            async with asyncio.timeout(self._confirm_timeout.total_seconds()):
                await carried.confirmed
        except TimeoutError as error:
            raise BusUnavailable(f"Node {message.destination} has not answered in time.") from error
        finally:
            carried.confirmed.cancel()  # no effect on a confirmed one; tells the queue that the publisher has gone
            queue.remove(carried)

    def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Received]]:
        """See :class:`~lienthong.shared.bus.Source`."""
        return self._held(self._broker.queue(node), size=size, linger=linger)

    def dead_batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[DeadReceived]]:
        """See :class:`~lienthong.shared.bus.Bus`."""
        queue = self._broker.queue(node)
        return self._held(queue.dead or queue, size=size, linger=linger)

    async def _held(self, queue: _Queue, *, size: int, linger: timedelta) -> AsyncIterator[Sequence["_Taken"]]:
        mine: set[_Taken] = set()
        try:
            while True:
                batch = [self._hold(queue, await queue.take(), mine)]
                try:
                    async with asyncio.timeout(linger.total_seconds()):
                        while len(batch) < size:
                            batch.append(self._hold(queue, await queue.take(), mine))
                except TimeoutError:
                    pass
                yield batch
        finally:
            for taken in list(mine):
                taken.give_back()

    def _hold(self, queue: _Queue, carried: _Carried, mine: "set[_Taken]") -> "_Taken":
        taken = _Taken(queue, carried, held_by=(mine, self._taken), retry_delay=self._retry_delay)
        mine.add(taken)
        self._taken.add(taken)
        return taken


class _Taken:
    """A message in the hands of a consumer."""

    def __init__(
        self, queue: _Queue, carried: _Carried, *, held_by: "tuple[set[_Taken], ...]", retry_delay: RetryDelay
    ) -> None:
        self._queue = queue
        self._carried = carried
        self._held_by = held_by
        self._retry_delay = retry_delay

    @property
    def message(self) -> Message:
        return self._carried.message

    @property
    def attempts(self) -> int:
        return self._carried.attempts

    @property
    def reason(self) -> str:
        return self._carried.reason

    @property
    def detail(self) -> str:
        return self._carried.detail

    async def ack(self) -> None:
        if self._let_go():
            _confirm(self._carried)

    async def retry(self) -> None:
        if not self._let_go():
            return
        if self.attempts >= DELIVERY_LIMIT and self._queue.dead is not None:
            self._queue.bury(self._carried, "delivery-limit")
        else:
            delay = self._retry_delay.after(self.attempts).total_seconds()
            asyncio.get_running_loop().call_later(delay, self._queue.put_back, self._carried)

    async def bury(self, reason: str, detail: str = "") -> None:
        if self._let_go():
            self._queue.bury(self._carried, reason, detail)

    def give_back(self) -> None:
        if self._let_go():
            self._queue.put_back(self._carried)

    def _let_go(self) -> bool:
        """Whether this consumer still held the message; a late answer to a returned one has no effect."""
        held = self in self._held_by[0]
        for holder in self._held_by:
            holder.discard(self)
        return held


def _confirm(carried: _Carried) -> None:
    if not carried.confirmed.done():
        carried.confirmed.set_result(None)
