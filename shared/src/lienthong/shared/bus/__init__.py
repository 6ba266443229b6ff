"""The bus: at-least-once carriage of sealed envelopes from node to node, behind one small interface.

Two implementations: :mod:`.rabbitmq` and :mod:`.in_process`; one contract suite runs over both.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import MessageId, NodeId

EXCHANGE = "lienthong.nodes"
"""The one durable direct exchange; the routing key is the node id."""
MAX_BODY_BYTES = 1024 * 1024
"""A message body's limit; packages above the inline limit are pulled instead."""
HIGHEST_PRIORITY = 9
"""Documents have 0 (thường) to 4 (hỏa tốc hẹn giờ)."""
DELIVERY_LIMIT = 20
"""Deliveries of one message before the broker moves it to the dead queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDelay:
    """How long a message that is not wanted now stays away before it comes again: doubling, up to a limit."""

    first: timedelta = timedelta(milliseconds=100)
    longest: timedelta = timedelta(seconds=30)

    def after(self, attempts: int) -> timedelta:
        """The delay after the given number of deliveries (at least 1)."""
        return min(self.first * (1 << min(attempts - 1, 20)), self.longest)


DEFAULT_RETRY_DELAY = RetryDelay()


def queue_name(node: NodeId) -> str:
    """The quorum queue of a node."""
    return f"node.{node}"


def dead_queue_name(node: NodeId) -> str:
    """The dead-letter queue of a node."""
    return f"node.{node}.dead"


class BusUnavailable(Unavailable):
    """The broker cannot be reached, or did not confirm in time. Nothing is known of the message's fate."""

    code = "bus-unavailable"
    title = "The message bus is away"


class Unroutable(Unavailable):
    """The broker returned the message: no queue is bound for that node. It was not taken."""

    code = "unroutable"
    title = "No queue for that node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. ``envelope`` is a compact JWS; ``body`` the package, or empty when it must be pulled."""

    id: MessageId
    destination: NodeId
    envelope: str
    body: bytes = b""
    priority: int = 0
    """0 (thường) to 4 (hỏa tốc hẹn giờ)."""
    headers: dict[str, str] = field(default_factory=dict)
    """Such as ``traceparent``."""


class Received(Protocol):
    """A message taken from a queue and not yet answered for. Exactly one of the three must be called."""

    @property
    def message(self) -> Message:
        """What arrived."""

    @property
    def attempts(self) -> int:
        """Deliveries so far, this one included, as far as the broker counts them."""

    async def ack(self) -> None:
        """Done: the broker forgets it."""

    async def retry(self) -> None:
        """Not now: back to the queue (to the dead queue after ``DELIVERY_LIMIT``)."""

    async def bury(self, reason: str, detail: str = "") -> None:
        """Never: to the dead queue, with ``reason`` (a problem code) and a sentence about it."""


class DeadReceived(Protocol):
    """A message taken from a dead queue and not yet answered for. Exactly one of the two must be called."""

    @property
    def message(self) -> Message:
        """What was given up."""

    @property
    def reason(self) -> str:
        """Why: a problem code, or the broker's own word, such as ``delivery-limit``. Any node may have written it."""

    @property
    def detail(self) -> str:
        """A sentence about it; empty: none. Likewise."""

    async def ack(self) -> None:
        """Kept elsewhere: the broker forgets it."""

    async def retry(self) -> None:
        """Not now: back to the dead queue, without limit."""


class Publisher(Protocol):
    """What can carry a message away: one broker, or the network of brokers that a node reaches."""

    async def publish(self, message: Message) -> None:
        """Returns once the broker has confirmed. Raises :class:`BusUnavailable` or :class:`Unroutable`."""


class Source(Publisher, Protocol):
    """Where a consumer takes messages, and puts back what has waited for long."""

    def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Received]]:
        """Batches of at least one message for ``node``: at most ``size``, or what came within ``linger`` of the first.

        Survives broker restarts: it reconnects and goes on; unanswered messages come again. Closing the iterator
        gives back what is not answered for.
        """


class Bus(Source, Protocol):
    """One broker, as one node's process sees it."""

    async def open(self) -> None:
        """Connects, and declares this node's queues. Raises :class:`BusUnavailable`."""

    async def close(self) -> None:
        """Stops taking, gives back what is not answered for, and disconnects."""

    def dead_batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[DeadReceived]]:
        """What was given up on its way to ``node``, in batches like those of :meth:`batches`."""

    async def ready(self) -> bool:
        """Whether the broker answers now."""
