"""The buses that the contract runs over, each with what a test needs to look behind it."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

import aio_pika

from lienthong.shared.bus import Bus, Message, Received, RetryDelay, dead_queue_name, queue_name
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid

SOON = RetryDelay(first=timedelta(milliseconds=1), longest=timedelta(milliseconds=5))
LINGER = timedelta(milliseconds=20)


class Buses(Protocol):
    """One broker."""

    async def connect(self, node: NodeId | None = None) -> Bus:
        """A bus as another process of the node has it."""

    async def dead_letters(self, node: NodeId) -> list[tuple[MessageId, str]]:
        """Id and reason of what was given up, oldest first."""


class InProcessBuses:
    def __init__(self) -> None:
        self._broker = InProcessBroker()

    async def connect(self, node: NodeId | None = None) -> Bus:
        bus = InProcessBus(self._broker, node=node, retry_delay=SOON)
        await bus.open()
        return bus

    async def dead_letters(self, node: NodeId) -> list[tuple[MessageId, str]]:
        return [(letter.message.id, letter.reason) for letter in self._broker.dead_letters(node)]


class RabbitMQBuses:
    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[RabbitMQBus] = []
        self.nodes: set[NodeId] = set()

    async def connect(self, node: NodeId | None = None) -> Bus:
        bus = RabbitMQBus(self.url, node=node, retry_delay=SOON)
        self.opened.append(bus)
        await bus.open()
        if node is not None:
            self.nodes.add(node)
        return bus

    async def dead_letters(self, node: NodeId) -> list[tuple[MessageId, str]]:
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            queue = await channel.get_queue(dead_queue_name(node))
            found = []
            while message := await queue.get(fail=False, no_ack=True):
                death = message.headers.get("x-first-death-reason", "")
                found.append((MessageId(message.message_id or ""), str(message.headers.get("reason", death))))
            return found

    async def close(self) -> None:
        for bus in self.opened:
            await bus.close()
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            for node in self.nodes:
                await channel.queue_delete(queue_name(node))
                await channel.queue_delete(dead_queue_name(node))


def new_node() -> NodeId:
    """A node that no other test has."""
    return NodeId(f"T{uuid.uuid4().hex[:12].upper()}")


def message_to(node: NodeId, *, envelope: str = "header.claims.signature", body: bytes = b"") -> Message:
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    return Message(
        id=MessageId(new_uuid()), destination=node, envelope=envelope, body=body, priority=2, headers=headers
    )


@asynccontextmanager
async def consuming(bus: Bus, node: NodeId, *, size: int = 10) -> AsyncIterator[AsyncIterator[Sequence[Received]]]:
    """Batches for a node; leaving the block is what the death of a consumer looks like to the broker."""
    batches = bus.batches(node, size=size, linger=LINGER)
    try:
        yield batches
    finally:
        await batches.aclose()  # type: ignore[attr-defined]
