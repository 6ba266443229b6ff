"""The bus over RabbitMQ: quorum queues, publisher confirms, returns that raise.

The connection is made when it is needed and not there: a publish that finds it lost waits for a new one, no longer
than its timeout; consumers make new ones until they are closed.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, HeadersType
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, PublishError
from pamqp.exceptions import PAMQPException
from yarl import URL

from lienthong.shared.bus import (
    DEFAULT_RETRY_DELAY,
    BusUnavailable,
    DeadReceived,
    Message,
    Received,
    RetryDelay,
    Unroutable,
    amqp,
    dead_queue_name,
    queue_name,
)
from lienthong.shared.bus.rabbitmq_consumer import Consumer, Delivered
from lienthong.shared.identifiers import MessageId, NodeId

TIMEOUT = timedelta(seconds=5)
"""How long connecting, and a publish with its confirm, may take."""
SETUP_TIMEOUT = timedelta(seconds=30)
"""How long a fresh connection may take to declare its queues: a broker that has just started elects leaders first."""
HEARTBEAT_S = 15
"""A peer that is silent twice as long is gone."""
RECONNECT_DELAY = timedelta(seconds=1)

LOST = (AMQPError, OSError, ChannelInvalidStateError, PAMQPException)
"""What the libraries raise when the broker is away, or goes; time-outs are among the OSErrors."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """One live connection, with the channel that publishes."""

    connection: AbstractConnection
    channel: AbstractChannel
    nodes: AbstractExchange
    dead: AbstractExchange

    @property
    def is_up(self) -> bool:
        return not (self.connection.is_closed or self.channel.is_closed)


class RabbitMQBus:
    """One broker, as one node's process sees it.

    Args:
        url: ``amqp://…`` or ``amqps://…``.
        node: Whose queues ``open`` declares; None for a process that only publishes.
        timeout: For connecting, and for each publish with its confirm.
        retry_delay: How long a message that is not wanted now stays away.
    """

    def __init__(
        self,
        url: str,
        *,
        node: NodeId | None = None,
        timeout: timedelta = TIMEOUT,
        retry_delay: RetryDelay = DEFAULT_RETRY_DELAY,
    ) -> None:
        self._url = URL(url).update_query(heartbeat=HEARTBEAT_S)
        self._node = node
        self._timeout_s = timeout.total_seconds()
        self._retry_delay = retry_delay
        self._link: _Link | None = None
        self._linking: asyncio.Task[_Link] | None = None
        self._is_closed = False
        self._publishing: set[MessageId] = set()

    async def open(self) -> None:
        """Connects, and declares this node's queues. Raises :class:`BusUnavailable`."""
        await self._linked()

    async def close(self) -> None:
        """Disconnects; what is not answered for goes back to its queue."""
        self._is_closed = True
        if self._linking is not None:
            self._linking.cancel()
            await asyncio.gather(self._linking, return_exceptions=True)
        await self._drop_link()

    async def ready(self) -> bool:
        """Whether the broker answers now."""
        try:
            await self._linked()
        except BusUnavailable:
            return False
        return True

    async def publish(self, message: Message) -> None:
        """Returns once the broker has confirmed. Raises :class:`BusUnavailable` or :class:`Unroutable`."""
        link = await self._linked()
        await self._publish(link.nodes, message, key=message.destination)

    def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Received]]:
        """See :class:`~lienthong.shared.bus.Source`."""
        return self._delivered(node, queue_name(node), size=size, prefetch=2 * size, linger=linger)

    def dead_batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[DeadReceived]]:
        """See :class:`~lienthong.shared.bus.Bus`."""
        return self._delivered(node, dead_queue_name(node), size=size, prefetch=size, linger=linger)

    async def _delivered(
        self, node: NodeId, queue: str, *, size: int, prefetch: int, linger: timedelta
    ) -> AsyncIterator[Sequence[Delivered]]:
        while not self._is_closed:
            try:
                link = await self._linked()
                await amqp.declare_queues(link.channel, node)  # somebody may have deleted them since the link was made
                consumer = Consumer(
                    node=node, queue=queue, prefetch=prefetch, bury=self._bury, retry_delay=self._retry_delay
                )
                async with consumer.consuming(link.connection, within=SETUP_TIMEOUT):
                    while batch := await consumer.batch(size=size, linger=linger):
                        yield batch
            except (BusUnavailable, *LOST) as error:
                _log.warning("consuming broke off", queue=queue, error=type(error).__name__)
            if not self._is_closed:  # at random, so that a broker that returns is not met by all its nodes at once
                await asyncio.sleep(RECONNECT_DELAY.total_seconds() * random.uniform(0.5, 1.5))  # noqa: S311

    async def _bury(self, node: NodeId, message: Message, epitaph: HeadersType) -> None:
        link = await self._linked()
        await self._publish(link.dead, message, key=node, extra=epitaph)

    async def _publish(
        self, exchange: AbstractExchange, message: Message, *, key: str, extra: HeadersType | None = None
    ) -> None:
        if message.id in self._publishing:  # returns name the id: of two alike, the wrong one would count as confirmed
            raise BusUnavailable("This message is being published at this moment.")
        self._publishing.add(message.id)
        try:
            await exchange.publish(amqp.encode(message, extra=extra), key, mandatory=True, timeout=self._timeout_s)
        except PublishError as error:
            raise Unroutable(f"No queue is bound for node {key}.") from error
        except LOST as error:
            raise BusUnavailable("The broker did not confirm the message.") from error
        finally:
            self._publishing.discard(message.id)

    async def _linked(self) -> _Link:
        """The live link. All who need one wait for the same attempt to make it, each no longer than the timeout."""
        if self._link is not None and self._link.is_up:
            return self._link
        if self._is_closed:
            raise BusUnavailable("The bus is closed.")
        if self._linking is None or self._linking.done():
            self._linking = asyncio.create_task(self._relink(), name="connecting to the broker")
            self._linking.add_done_callback(_outcome_is_known)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(self._linking)
        except LOST as error:
            raise BusUnavailable("The broker cannot be reached.") from error

    async def _relink(self) -> _Link:
        await self._drop_link()
        async with asyncio.timeout(SETUP_TIMEOUT.total_seconds()):
            self._link = await self._connect()
        return self._link

    async def _connect(self) -> _Link:
        connection = await aio_pika.connect(self._url, timeout=self._timeout_s)
        try:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            if self._node is not None:
                await amqp.declare_queues(channel, self._node)
            nodes = await amqp.declare_exchange(channel)
            dead = await amqp.declare_dead_exchange(channel)
        except BaseException:
            await connection.close()
            raise
        return _Link(connection=connection, channel=channel, nodes=nodes, dead=dead)

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(*LOST):
                await link.connection.close()


def _outcome_is_known(attempt: asyncio.Task[_Link]) -> None:
    """Those who waited have seen why it failed; if nobody waits any more, nobody needs to."""
    if not attempt.cancelled():
        attempt.exception()
