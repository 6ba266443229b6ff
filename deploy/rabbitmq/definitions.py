"""Renders RabbitMQ definitions: one broker user per node, with no more rights than a node needs.

RabbitMQ loads the file at every start (``load_definitions``). It then makes no default user: whoever is not in the file
has no way in.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from lienthong.shared.bus import EXCHANGE, dead_queue_name, queue_name
from lienthong.shared.bus.amqp import DEAD_EXCHANGE
from lienthong.shared.identifiers import NodeId

VHOST = "/"
SALT_BYTES = 4
"""Of a password hash. Source: RabbitMQ, Credentials and Passwords."""


def broker_user(node: NodeId) -> str:
    """The broker user of a node."""
    return f"node.{node}"


def render_definitions(passwords: Mapping[NodeId, str]) -> str:
    """The definitions file, JSON, of a broker that these nodes use; it holds salted hashes of their passwords."""
    definitions = {
        "vhosts": [{"name": VHOST}],
        "users": [_user(node, password) for node, password in passwords.items()],
        "permissions": [_permissions(node) for node in passwords],
    }
    return json.dumps(definitions, indent=2)


def _user(node: NodeId, password: str) -> dict[str, Any]:
    return {
        "name": broker_user(node),
        "password_hash": password_hash(password, salt=secrets.token_bytes(SALT_BYTES)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def password_hash(password: str, *, salt: bytes) -> str:
    """Base64 of the salt and of SHA-256 over salt and password. Source: RabbitMQ, Credentials and Passwords."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _permissions(node: NodeId) -> dict[str, str]:
    """A node declares its two queues and the two exchanges, binds and reads its own queues, publishes to the exchanges.

    Declaring what is there already takes the right to configure it. Binding takes the right to write to the queue and
    to read from the exchange; dead-lettering that to write to its exchange. Source: RabbitMQ, Access Control.
    """
    own = [queue_name(node), dead_queue_name(node), EXCHANGE, DEAD_EXCHANGE]
    pattern = f"^({'|'.join(re.escape(name) for name in own)})$"
    return {"user": broker_user(node), "vhost": VHOST, "configure": pattern, "write": pattern, "read": pattern}
