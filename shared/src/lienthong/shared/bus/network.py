"""The brokers that one node reaches, as one publisher: each message goes to the broker of its next hop."""

from collections.abc import Callable, Mapping

from lienthong.shared.bus import Bus, Message, Unroutable
from lienthong.shared.identifiers import NodeId


class BusNetwork:
    """Publishes into the next hop's broker.

    Args:
        buses: By broker name.
        broker_of: The broker on which a node has its queue, by the directory.
    """

    def __init__(self, buses: Mapping[str, Bus], broker_of: Callable[[NodeId], str]) -> None:
        self._buses = buses
        self._broker_of = broker_of

    async def publish(self, message: Message) -> None:
        """Returns once that broker has confirmed.

        Raises:
            BusUnavailable: That broker is away.
            Unroutable: The node has no queue there, or this process has no way to its broker.
            LienthongError: Whatever ``broker_of`` raises for a node that it does not know.
        """
        broker = self._broker_of(message.destination)
        try:
            bus = self._buses[broker]
        except KeyError:
            raise Unroutable(f"No broker named {broker} is configured here.") from None
        await bus.publish(message)
