"""The buses that the contract runs over, each with what a test needs to look behind it."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

import aio_pika

from lienthong.shared.bus import Bus, DeadReceived, Message, Received, RetryDelay, dead_queue_name, queue_name
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid

SOON = RetryDelay(first=timedelta(milliseconds=1), longest=timedelta(milliseconds=5))
LINGER = timedelta(milliseconds=20)


class Buses(Protocol):
    """One broker."""

    async def connect(self, node: NodeId | None = None) -> Bus:
        """A bus as another process of the node has it."""


class InProcessBuses:
    def __init__(self) -> None:
        self._broker = InProcessBroker()

    async def connect(self, node: NodeId | None = None) -> Bus:
        bus = InProcessBus(self._broker, node=node, retry_delay=SOON)
        await bus.open()
        return bus


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


@asynccontextmanager
async def consuming_dead(bus: Bus, node: NodeId) -> AsyncIterator[AsyncIterator[Sequence[DeadReceived]]]:
    """The same of what was given up."""
    batches = bus.dead_batches(node, size=10, linger=LINGER)
    try:
        yield batches
    finally:
        await batches.aclose()  # type: ignore[attr-defined]
