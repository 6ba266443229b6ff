"""Where a network of separate processes lives on this machine: loopback ports, databases, one broker."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.processes import LOOPBACK, free_port
from lienthong.embedded.network import Network
from lienthong.embedded.site import NodeSite, ServiceSite, Site

FIRST_PORT = 8601
"""``make run-services`` listens from here on."""


def ports_from(first: int) -> Iterator[int]:
    """``first`` and those after it."""
    return itertools.count(first)


def free_ports() -> Iterator[int]:
    """Ports that nobody uses now."""
    while True:
        yield free_port()


def local_site(
    network: Network, state_dir: Path, *, database: Callable[[str], str], amqp_url: str, ports: Iterator[int]
) -> Site:
    """A site of separate processes.

    Args:
        network: What to place.
        state_dir: Gets keys, settings and blobs.
        database: Gives the ``postgresql://`` URL of the database with that name.
        amqp_url: The one broker; every broker name of the network means it.
        ports: Where each process listens.
    """
    registry, signing = (
        ServiceSite(url=f"http://{LOOPBACK}:{port}", database_url=database(name), port=port)
        for name, port in (("registry", next(ports)), ("signing", next(ports)))
    )
    nodes = {}
    for node in network.nodes:
        port = next(ports)
        nodes[node.id] = NodeSite(
            url=f"http://{LOOPBACK}:{port}",
            database_url=database("node_" + node.id.lower().replace(".", "_")),
            port=port,
            worker_port=next(ports),
            blobs_url=f"file://{state_dir.resolve() / 'packages' / node.id}",
            brokers={other.broker: amqp_url for other in network.neighbours(node.id)},
        )
    return Site(network=network, state_dir=state_dir.resolve(), registry=registry, signing=signing, nodes=nodes)
