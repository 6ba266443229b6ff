"""The tree of brokers as data: which node has its queue where, and what each broker must have for that.

Pure: a topology in, definitions as RabbitMQ loads and exports them out, and what two of them differ in.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from lienthong.shared.bus import EXCHANGE, amqp, dead_queue_name, queue_name
from lienthong.shared.identifiers import NodeId

VHOST = "/"
SALT_BYTES = 4
"""Of a password hash. Source: RabbitMQ, Credentials and Passwords."""
MAX_QUEUE_LENGTH = 100_000
"""Messages in one node's queue. Senders leave at most 256 each there; more is somebody's mistake, and is refused."""
NODES_PREFIX = "node."


class AttachedNode(BaseModel):
    """A node, its parent in the tree, and the broker that has its queue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: NodeId
    parent: NodeId | None = None
    broker: str


class Topology(BaseModel):
    """Brokers and nodes. A node publishes to its parent, its children, and all on its own broker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    brokers: tuple[str, ...]
    nodes: tuple[AttachedNode, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [node.id for node in self.nodes]
        if len(set(names)) != len(names) or len(set(self.brokers)) != len(self.brokers):
            raise ValueError("Each broker and each node is named once.")
        for node in self.nodes:
            if node.broker not in self.brokers:
                raise ValueError(f"Node {node.id} is on the broker {node.broker}, which is not listed.")
            if node.parent is not None and node.parent not in names:
                raise ValueError(f"Node {node.id} has the parent {node.parent}, which is not listed.")
        return self

    def attached(self, broker: str) -> tuple[NodeId, ...]:
        """The nodes whose queues are on ``broker``."""
        return tuple(node.id for node in self.nodes if node.broker == broker)

    def visitors(self, broker: str) -> tuple[NodeId, ...]:
        """The nodes from elsewhere that publish into ``broker``."""
        there = set(self.attached(broker))
        parents = {node.parent for node in self.nodes if node.id in there}
        return tuple(
            node.id for node in self.nodes if node.broker != broker and (node.parent in there or node.id in parents)
        )


def broker_user(node: NodeId) -> str:
    """The broker user of a node."""
    return f"{NODES_PREFIX}{node}"


def password_hash(password: str, *, salt: bytes) -> str:
    """Base64 of the salt and of SHA-256 over salt and password. Source: RabbitMQ, Credentials and Passwords."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def definitions(topology: Topology, broker: str, passwords: Mapping[NodeId, str]) -> dict[str, Any]:
    """What ``broker`` must have, as RabbitMQ's ``load_definitions`` reads it; with salted hashes of the passwords.

    Raises:
        LookupError: A node that uses the broker has no password.
    """
    attached, visitors = topology.attached(broker), topology.visitors(broker)
    durable = {"vhost": VHOST, "durable": True, "auto_delete": False}
    exchanges = [
        {"name": name, "type": "direct", "internal": False, "arguments": {}, **durable}
        for name in (EXCHANGE, amqp.DEAD_EXCHANGE)
    ]
    queues = [
        {"name": name, "type": "quorum", "arguments": arguments, **durable}
        for node in attached
        for name, arguments in (
            (queue_name(node), amqp.queue_arguments(node)),
            (dead_queue_name(node), amqp.DEAD_QUEUE_ARGUMENTS),
        )
    ]
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(node, passwords[node]) for node in (*attached, *visitors)],
        "permissions": [_at_home(node) for node in attached] + [_visiting(node) for node in visitors],
        "exchanges": exchanges,
        "queues": queues,
        "bindings": [binding for node in attached for binding in _bindings(node)],
        "policies": [_POLICY],
    }


_POLICY: dict[str, Any] = {
    "vhost": VHOST,
    "name": "lienthong-nodes",
    "pattern": f"^{re.escape(NODES_PREFIX)}",
    "apply-to": "queues",
    "definition": {"max-length": MAX_QUEUE_LENGTH},
    "priority": 0,
}


def _user(node: NodeId, password: str) -> dict[str, Any]:
    return {
        "name": broker_user(node),
        "password_hash": password_hash(password, salt=secrets.token_bytes(SALT_BYTES)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def _at_home(node: NodeId) -> dict[str, str]:
    """A node declares its two queues and the two exchanges, binds and reads its own queues, publishes to the exchanges.

    Declaring what is there already takes the right to configure it. Binding takes the right to write to the queue and
    to read from the exchange; dead-lettering that to write to its exchange. Source: RabbitMQ, Access Control.
    """
    pattern = _only(queue_name(node), dead_queue_name(node), EXCHANGE, amqp.DEAD_EXCHANGE)
    return {"user": broker_user(node), "vhost": VHOST, "configure": pattern, "write": pattern, "read": pattern}


def _visiting(node: NodeId) -> dict[str, str]:
    """A node from elsewhere publishes, and reads nothing."""
    declares = _only(EXCHANGE, amqp.DEAD_EXCHANGE)
    return {
        "user": broker_user(node),
        "vhost": VHOST,
        "configure": declares,
        "write": _only(EXCHANGE),
        "read": "^$",
    }


def _only(*names: str) -> str:
    return f"^({'|'.join(re.escape(name) for name in names)})$"


def _bindings(node: NodeId) -> list[dict[str, Any]]:
    common = {"vhost": VHOST, "destination_type": "queue", "routing_key": node, "arguments": {}}
    return [
        {"source": EXCHANGE, "destination": queue_name(node), **common},
        {"source": amqp.DEAD_EXCHANGE, "destination": dead_queue_name(node), **common},
    ]


_KEYS: Mapping[str, tuple[str, ...]] = {
    "users": ("name",),
    "permissions": ("user", "vhost"),
    "exchanges": ("vhost", "name"),
    "queues": ("vhost", "name"),
    "bindings": ("vhost", "source", "destination", "routing_key"),
    "policies": ("vhost", "name"),
}
_SECRET = {"password_hash", "hashing_algorithm", "limits"}


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """What a broker lacks, has otherwise, or has too much of: of things that are ours. Passwords are not compared.

    Args:
        wanted: As :func:`definitions` renders it.
        found: As the broker's management API exports it (``GET /api/definitions``).
    """
    for kind, keys in _KEYS.items():
        asked = {tuple(one.get(key) for key in keys): one for one in wanted.get(kind, ())}
        there = {tuple(one.get(key) for key in keys): one for one in found.get(kind, ())}
        for key, one in asked.items():
            name = " ".join(str(part) for part in key)
            if key not in there:
                yield f"{kind}: {name} is missing"
                continue
            for field, value in one.items():
                if field not in _SECRET and field in there[key] and there[key][field] != value:
                    yield f"{kind}: {name} has {field} {there[key][field]!r}, not {value!r}"
        for key in there.keys() - asked.keys():
            if any(str(part).startswith((NODES_PREFIX, "lienthong.", "lienthong-")) for part in key):
                yield f"{kind}: {' '.join(str(part) for part in key)} should not be there"
