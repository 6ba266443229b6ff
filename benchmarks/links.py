"""Counts what crosses each link between two nodes."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lienthong.shared.bus import DeadReceived, Message, Received
from lienthong.shared.bus.in_process import InProcessBus
from lienthong.shared.identifiers import NodeId


@dataclass(slots=True)
class Carried:
    """What went from one node to another. ``packages``: messages that had a package as their body."""

    messages: int = 0
    packages: int = 0
    body_bytes: int = 0
    envelope_bytes: int = 0


class Links:
    """All links, each with what it carried."""

    def __init__(self) -> None:
        self._carried: dict[tuple[str, str], Carried] = defaultdict(Carried)

    def note(self, sender: str, message: Message) -> None:
        """That ``sender`` puts ``message`` on its way: each attempt counts."""
        carried = self._carried[sender, message.destination]
        carried.messages += 1
        carried.packages += bool(message.body)
        carried.body_bytes += len(message.body)
        carried.envelope_bytes += len(message.envelope)

    def sum(self, sender: str, receiver: str) -> Carried:
        """What went from ``sender`` to ``receiver``."""
        return self._carried[sender, receiver]


class CountingBus:
    """One node's bus, with a counter on it."""

    def __init__(self, bus: InProcessBus, node: NodeId, links: Links) -> None:
        self._bus = bus
        self._node = node
        self._links = links

    async def open(self) -> None:
        """See :class:`~lienthong.shared.bus.Bus`."""
        await self._bus.open()

    async def close(self) -> None:
        """See :class:`~lienthong.shared.bus.Bus`."""
        await self._bus.close()

    async def ready(self) -> bool:
        """See :class:`~lienthong.shared.bus.Bus`."""
        return await self._bus.ready()

    async def publish(self, message: Message) -> None:
        """Counts, and publishes."""
        self._links.note(self._node, message)
        await self._bus.publish(message)

    def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Received]]:
        """See :class:`~lienthong.shared.bus.Bus`."""
        return self._bus.batches(node, size=size, linger=linger)

    def dead_batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[DeadReceived]]:
        """See :class:`~lienthong.shared.bus.Bus`."""
        return self._bus.dead_batches(node, size=size, linger=linger)
