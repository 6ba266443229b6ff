"""Brokers that loaded what the topology renders, and the check of a live one against it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from aiormq.exceptions import ChannelAccessRefused
from typer.testing import CliRunner

from deploy.processes import LOOPBACK
from deploy.servers import PrivateRabbitMQ
from lienthong.sdk.commands.admin.topology import build_topology_group
from lienthong.shared.bus import Message, queue_name
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.bus.topology import broker_user, password_hash
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid

EXAMPLE = Path(__file__).parents[3] / "deploy" / "topology.example.yaml"
BROKER = "phu-tho"
CENTRE, PROVINCE, DISTRICT, COMMUNE = (NodeId(one) for one in ("G22", "H44", "H44.31", "H44.31.05"))
PASSWORDS = {node: f"of-{node}" for node in (CENTRE, PROVINCE, DISTRICT, COMMUNE)}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_topology_group(), list(arguments))
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def broker(server_directory: Path) -> Iterator[PrivateRabbitMQ]:
    """The province's broker, with an administrator besides what is rendered."""
    directory = server_directory / "rabbitmq-of-topology"
    directory.mkdir()
    passwords, rendered = directory / "passwords.json", directory / "definitions.json"
    passwords.write_text(json.dumps(PASSWORDS))
    status, output = run("render", str(EXAMPLE), BROKER, "--passwords", str(passwords))
    assert status == 0, output
    definitions: dict[str, Any] = json.loads(output)
    server = PrivateRabbitMQ(directory, definitions=rendered, management=True)
    server.directory.joinpath("password").write_text("of-the-administrator")
    definitions["users"].append(_administrator("of-the-administrator"))
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    definitions["permissions"].append({"user": server.USER, "vhost": "/", **everything})
    rendered.write_text(json.dumps(definitions))
    with server:
        yield server


def _administrator(password: str) -> dict[str, Any]:
    hashed = password_hash(password, salt=b"salt")
    kind = {"hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ["administrator"]}
    return {"name": PrivateRabbitMQ.USER, "password_hash": hashed, **kind}


def url_of(broker: PrivateRabbitMQ, node: NodeId) -> str:
    return f"amqp://{broker_user(node)}:{PASSWORDS[node]}@{LOOPBACK}:{broker.port}/"


async def test_a_node_from_elsewhere_publishes_before_anybody_has_declared_a_queue(broker: PrivateRabbitMQ) -> None:
    bus = RabbitMQBus(url_of(broker, CENTRE))
    await bus.publish(Message(id=MessageId(new_uuid()), destination=PROVINCE, envelope="e30.e30."))
    await bus.close()


@pytest.mark.parametrize("reader", [CENTRE, DISTRICT, COMMUNE])
async def test_nobody_reads_the_queue_of_another(broker: PrivateRabbitMQ, reader: NodeId) -> None:
    async with await aio_pika.connect(url_of(broker, reader)) as connection, connection.channel() as channel:
        queue = await channel.get_queue(queue_name(PROVINCE), ensure=False)

        with pytest.raises(ChannelAccessRefused):
            await queue.get(fail=False)


async def test_a_node_declares_what_is_rendered_without_a_conflict(broker: PrivateRabbitMQ) -> None:
    bus = RabbitMQBus(url_of(broker, DISTRICT), node=DISTRICT)
    await bus.open()
    await bus.close()


def test_a_live_broker_is_compared_with_the_file(broker: PrivateRabbitMQ) -> None:
    asked = ("check", str(EXAMPLE), BROKER, "--url", broker.management_url)
    status, output = run(*asked)
    assert status == 0, output

    with httpx.Client(base_url=broker.management_url) as operator:
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        was = operator.get(f"/api/permissions/%2F/{broker_user(CENTRE)}").json()
        operator.put(f"/api/permissions/%2F/{broker_user(CENTRE)}", json=rights).raise_for_status()
        operator.delete(f"/api/queues/%2F/{queue_name(COMMUNE)}").raise_for_status()
        operator.put("/api/users/node.H99", json={"password": "x", "tags": ""}).raise_for_status()
        status, output = run(*asked)
        operator.put(f"/api/permissions/%2F/{broker_user(CENTRE)}", json={k: was[k] for k in rights})

    assert status == 1
    assert f"permissions: {broker_user(CENTRE)} / has read '.*', not '^$'" in output
    assert f"queues: / {queue_name(COMMUNE)} is missing" in output
    assert "users: node.H99 should not be there" in output


def test_a_node_on_a_broker_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("brokers: [a]\nnodes: [{id: G22, broker: b}]\n")

    status, _ = run("check", str(wrong), "a", "--url", "http://nowhere.invalid")

    assert status != 0
