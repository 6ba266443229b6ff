"""What goes over AMQP 0-9-1: the names of things at the broker, and a message as headers and body."""

from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, HeadersType
from pamqp.common import Arguments

from lienthong.shared.bus import DELIVERY_LIMIT, EXCHANGE, HIGHEST_PRIORITY, Message, dead_queue_name, queue_name
from lienthong.shared.identifiers import MessageId, NodeId

DEAD_EXCHANGE = "lienthong.dead"
"""Where queues put what is given up; the routing key is the node id."""
MAX_ENVELOPE_IN_HEADERS_BYTES = 48 * 1024
"""All headers of a message share one frame of at most 128 KiB; a longer envelope leads the body instead."""

DEAD_QUEUE_ARGUMENTS: Final[Arguments] = {"x-queue-type": "quorum"}

_ENVELOPE = "envelope"
_ENVELOPE_BYTES = "envelope-bytes"
_DESTINATION = "destination"
_PRIORITY = "priority"
_DELIVERY_COUNT = "x-delivery-count"
_REASON = "reason"
_DETAIL = "detail"
_DEATH = "x-first-death-reason"
_OWN = {_ENVELOPE, _ENVELOPE_BYTES, _DESTINATION, _PRIORITY, _REASON, _DETAIL}
_OF_THE_BROKER = "x-"


async def declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    """The exchange of nodes; made if missing."""
    return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)


async def declare_dead_exchange(channel: AbstractChannel) -> AbstractExchange:
    """The exchange of what is given up; made if missing."""
    return await channel.declare_exchange(DEAD_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)


async def declare_queues(channel: AbstractChannel, node: NodeId) -> None:
    """The queue of a node and its dead-letter queue, bound; made if missing.

    Dead-lettering is at-least-once, which quorum queues offer with ``reject-publish`` only (RabbitMQ 3.10).
    """
    nodes = await declare_exchange(channel)
    dead = await declare_dead_exchange(channel)
    dead_queue = await channel.declare_queue(dead_queue_name(node), durable=True, arguments=DEAD_QUEUE_ARGUMENTS)
    await dead_queue.bind(dead, node)
    queue = await channel.declare_queue(queue_name(node), durable=True, arguments=queue_arguments(node))
    await queue.bind(nodes, node)


def queue_arguments(node: NodeId) -> Arguments:
    """How the queue of a node is declared: whoever declares it otherwise is refused."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT - 1,  # RabbitMQ counts the deliveries after the first
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-dead-letter-routing-key": node,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def encode(message: Message, *, extra: HeadersType | None = None) -> aio_pika.Message:
    """``message`` as AMQP carries it: persistent, the envelope in the headers if it fits."""
    headers: HeadersType = {**message.headers, _DESTINATION: message.destination, _PRIORITY: message.priority}
    envelope = message.envelope.encode("ascii")
    body = message.body
    if len(envelope) <= MAX_ENVELOPE_IN_HEADERS_BYTES:
        headers[_ENVELOPE] = message.envelope
    else:
        headers[_ENVELOPE_BYTES] = len(envelope)
        body = envelope + body
    return aio_pika.Message(
        body,
        headers={**headers, **(extra or {})},
        message_id=message.id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def decode(received: AbstractIncomingMessage) -> Message:
    """The message that AMQP brought. Whatever the sender left out is empty: the seal's check refuses it."""
    headers = received.headers
    split = _whole(headers.get(_ENVELOPE_BYTES))
    envelope = received.body[:split].decode("ascii", "replace") if split else str(headers.get(_ENVELOPE, ""))
    return Message(
        id=MessageId(received.message_id or ""),
        destination=NodeId(str(headers.get(_DESTINATION, ""))),
        envelope=envelope,
        body=received.body[split:],
        priority=_whole(headers.get(_PRIORITY)),
        headers={
            name: value
            for name, value in headers.items()
            if isinstance(value, str) and name not in _OWN and not name.startswith(_OF_THE_BROKER)
        },
    )


def epitaph(reason: str, detail: str) -> HeadersType:
    """The headers that say why a message was given up."""
    return {_REASON: reason, _DETAIL: detail}


def reason_of(received: AbstractIncomingMessage) -> tuple[str, str]:
    """Why a message was given up, and a sentence about it; the broker's own reason if no consumer gave one."""
    headers = received.headers
    of_the_broker = str(headers.get(_DEATH, "unknown")).replace("_", "-")
    return str(headers.get(_REASON, of_the_broker)), str(headers.get(_DETAIL, ""))


def attempts_of(received: AbstractIncomingMessage) -> int:
    """Deliveries so far, this one included."""
    return _whole(received.headers.get(_DELIVERY_COUNT)) + 1


def priority_of(received: AbstractIncomingMessage) -> int:
    """What the sender says of its urgency, from 0 to :data:`HIGHEST_PRIORITY`."""
    return min(_whole(received.headers.get(_PRIORITY)), HIGHEST_PRIORITY)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
