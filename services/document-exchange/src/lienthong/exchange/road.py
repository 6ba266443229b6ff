"""The brokers that a node's worker speaks to: its own, whose queue it consumes, and those of its neighbours."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from lienthong.exchange.errors import BrokerNotConfigured
from lienthong.exchange.factory import Factory
from lienthong.shared.bus import Bus, Publisher
from lienthong.shared.bus.network import BusNetwork
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.identifiers import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """``own`` holds this node's queue; ``network`` publishes into the broker of any next hop."""

    own: Bus
    network: Publisher


@asynccontextmanager
async def open_road(factory: Factory) -> AsyncIterator[Road]:
    """Makes brokers reachable, whether they are there now or not; a given bus serves for all of them.

    Each connection is made when it is needed, and again when it was lost: a broker that is away holds up only what is
    for nodes on it.

    Raises:
        BrokerNotConfigured: The directory puts this node on a broker that the settings do not have.
    """
    async with AsyncExitStack() as stack:
        if factory.bus is not None:
            stack.push_async_callback(factory.bus.close)
            await factory.bus.open()
            yield Road(own=factory.bus, network=factory.bus)
            return
        own_name = factory.directory.current().node(factory.here).broker
        buses = {name: _bus(factory, name, is_own=name == own_name) for name in factory.settings.brokers}
        if own_name not in buses:
            raise BrokerNotConfigured(f"The directory puts this node on the broker {own_name!r}; configure it.")
        for bus in buses.values():
            stack.push_async_callback(bus.close)
        yield Road(own=buses[own_name], network=BusNetwork(buses, lambda node: _broker_of(factory, node)))


def _bus(factory: Factory, name: str, *, is_own: bool) -> RabbitMQBus:
    url = factory.settings.brokers[name].get_secret_value()
    return RabbitMQBus(url, node=factory.here if is_own else None)


def _broker_of(factory: Factory, node: NodeId) -> str:
    return factory.directory.current().node(node).broker
