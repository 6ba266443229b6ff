"""Where the compose network lives: services by their compose names, state below ``/state``, a database role each."""

from pathlib import Path
from typing import Final

from deploy.rabbitmq.definitions import broker_user
from lienthong.embedded.network import four_levels
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import NodeSite, ServiceSite, Site
from lienthong.shared.identifiers import NodeId

STATE: Final = Path("/state")
ANYWHERE: Final = "0.0.0.0"  # noqa: S104 — inside a container, on the compose network only
API_PORT: Final = 8000
WORKER_PORT: Final = 8001


def compose_site(secrets: SecretBox) -> Site:
    """The four levels: services have their compose names, a database role each, and nodes a broker user each."""
    network = four_levels()
    registry, signing = (
        ServiceSite(
            url=f"http://{name}:{API_PORT}", database_url=_database_url(name, secrets), host=ANYWHERE, port=API_PORT
        )
        for name in ("registry", "signing")
    )
    nodes = {}
    for node in network.nodes:
        amqp_url = f"amqp://{broker_user(node.id)}:{broker_password(node.id, secrets)}@rabbitmq:5672/"
        nodes[node.id] = NodeSite(
            url=f"http://{node.id.lower().replace('.', '-')}-api:{API_PORT}",
            database_url=_database_url("node_" + node.id.lower().replace(".", "_"), secrets),
            host=ANYWHERE,
            port=API_PORT,
            worker_port=WORKER_PORT,
            blobs_url=f"file://{STATE}/packages/{node.id}",
            brokers={other.broker: amqp_url for other in network.neighbours(node.id)},
        )
    return Site(network=network, state_dir=STATE, registry=registry, signing=signing, nodes=nodes)


def database_password(name: str, secrets: SecretBox) -> str:
    """The password of the role that owns the database ``name`` and is called like it."""
    return secrets[f"database-{name}"]


def broker_password(node: NodeId, secrets: SecretBox) -> str:
    """The password of the node's broker user."""
    return secrets[f"broker-{node}"]


def _database_url(name: str, secrets: SecretBox) -> str:
    return f"postgresql://{name}:{database_password(name, secrets)}@postgres:5432/{name}"
