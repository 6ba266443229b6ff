"""Taking messages from a queue of RabbitMQ in batches, on a channel of their own."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, HeadersType
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from lienthong.shared.bus import (
    HIGHEST_PRIORITY,
    BusUnavailable,
    Message,
    RetryDelay,
    Unroutable,
    amqp,
)
from lienthong.shared.identifiers import NodeId

_LOST = (AMQPError, OSError, ChannelInvalidStateError)

_log = structlog.get_logger(__name__)
_Bury = Callable[[NodeId, Message, HeadersType], Awaitable[None]]


class Consumer:
    """One channel's worth of consuming: it ends when the channel does.

    Args:
        node: Whose queue.
        queue: That queue, or the node's dead queue.
        prefetch: Messages that the broker hands over before any is answered for.
        bury: Publishes a copy to the dead queue, with a reason.
        retry_delay: How long a message that is not wanted now stays away.
    """

    def __init__(self, *, node: NodeId, queue: str, prefetch: int, bury: _Bury, retry_delay: RetryDelay) -> None:
        self.node = node
        self._queue = queue
        self.bury = bury
        self.retry_delay = retry_delay
        self._prefetch = prefetch
        self._arrived: asyncio.PriorityQueue[tuple[int, int, AbstractIncomingMessage | None]] = asyncio.PriorityQueue()
        self._number = itertools.count()
        self._delayed: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def consuming(self, connection: AbstractConnection, *, within: timedelta) -> AsyncIterator[None]:
        """While the block runs, messages arrive; at its end what is not answered for goes back to the queue."""
        channel = await connection.channel()
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._start(channel)
            yield
        finally:
            for task in self._delayed:
                task.cancel()
            with contextlib.suppress(*_LOST):
                await channel.close()

    async def _start(self, channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=self._prefetch)
        channel.close_callbacks.add(self._on_close)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self._on_cancel)  # the queue was deleted, or its leader moved
        queue = await channel.get_queue(self._queue, ensure=False)
        await queue.consume(self._arrive)

    async def batch(self, *, size: int, linger: timedelta) -> Sequence["Delivered"]:
        """At most ``size`` messages: the next, and what comes within ``linger`` of it. Empty: the channel is gone.

        Of what the broker has handed over, the most urgent go first: its queue knows no priorities (RabbitMQ 3.10).
        """
        _, _, first = await self._arrived.get()
        if first is None:
            return ()
        batch = [first]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(linger.total_seconds()):
                while len(batch) < size:
                    _, _, following = await self._arrived.get()
                    if following is None:
                        return ()  # what this channel brought can no longer be answered for, and comes again
                    batch.append(following)
        return [Delivered(self, message) for message in batch]

    def later(self, delay: timedelta, action: Callable[[], Awaitable[None]]) -> None:
        """Does ``action`` after ``delay``, unless consuming ends before."""

        async def wait() -> None:
            await asyncio.sleep(delay.total_seconds())
            await _unless_lost(action())

        task = asyncio.create_task(wait())
        self._delayed.add(task)
        task.add_done_callback(self._delayed.discard)

    async def _arrive(self, message: AbstractIncomingMessage) -> None:
        self._arrived.put_nowait((-amqp.priority_of(message), next(self._number), message))

    def _end(self) -> None:
        self._arrived.put_nowait((-HIGHEST_PRIORITY - 1, next(self._number), None))

    def _on_close(self, _channel: AbstractChannel | None, _error: BaseException | None) -> None:
        self._end()

    def _on_cancel(self, _frame: object) -> None:
        self._end()


class Delivered:
    """A message in the hands of a consumer, out of either queue."""

    def __init__(self, consumer: Consumer, received: AbstractIncomingMessage) -> None:
        self._consumer = consumer
        self._received = received
        self.message = amqp.decode(received)
        self.attempts = amqp.attempts_of(received)
        self.reason, self.detail = amqp.reason_of(received)

    async def ack(self) -> None:
        """Done."""
        await _unless_lost(self._received.ack())

    async def retry(self) -> None:
        """Not now."""
        delay = self._consumer.retry_delay.after(self.attempts)
        self._consumer.later(delay, lambda: self._received.nack(requeue=True))

    async def bury(self, reason: str, detail: str = "") -> None:
        """A copy with the reason goes to the dead queue first; if it cannot, the broker moves the message without."""
        try:
            await self._consumer.bury(self._consumer.node, self.message, amqp.epitaph(reason, detail))
        except (BusUnavailable, Unroutable):
            _log.warning("buried without its reason", message=self.message.id, reason=reason)
            await _unless_lost(self._received.reject(requeue=False))
        else:
            await _unless_lost(self._received.ack())


async def _unless_lost(answer: Awaitable[None]) -> None:
    """An answer over a lost channel has no effect: the message comes again, and the inbox knows it."""
    try:
        await answer
    except _LOST:
        _log.info("answer lost with its channel")
