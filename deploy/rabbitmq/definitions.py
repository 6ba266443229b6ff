"""Renders the definitions of a broker that all nodes of a network share, for compose and tests.

RabbitMQ loads the file at every start (``load_definitions``). It then makes no default user: whoever is not in the file
has no way in. Networks with several brokers use ``lienthong admin topology render``, which renders the same way.
"""

import json
from collections.abc import Mapping

from lienthong.shared.bus.topology import AttachedNode, Topology, broker_user, definitions
from lienthong.shared.identifiers import NodeId

__all__ = ["broker_user", "render_definitions"]
ONLY = "only"


def render_definitions(passwords: Mapping[NodeId, str]) -> str:
    """The definitions file, JSON, of a broker that these nodes use; it holds salted hashes of their passwords."""
    nodes = tuple(AttachedNode(id=node, broker=ONLY) for node in passwords)
    return json.dumps(definitions(Topology(brokers=(ONLY,), nodes=nodes), ONLY, passwords), indent=2)
