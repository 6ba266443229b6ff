"""What a node's broker user may do, on a real RabbitMQ that loaded the rendered definitions."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused

from deploy.processes import LOOPBACK
from deploy.rabbitmq.definitions import broker_user, render_definitions
from deploy.servers import PrivateRabbitMQ
from lienthong.shared.bus import Message, queue_name
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid

PROVINCE, DISTRICT = NodeId("H28"), NodeId("H28.31")
PASSWORDS = {PROVINCE: "of-the-province", DISTRICT: "of-the-district"}


@pytest.fixture(scope="module")
def broker(server_directory: Path) -> Iterator[PrivateRabbitMQ]:
    directory = server_directory / "rabbitmq-with-rights"
    directory.mkdir()
    definitions = directory / "definitions.json"
    definitions.write_text(render_definitions(PASSWORDS))
    with PrivateRabbitMQ(directory, definitions=definitions) as server:
        yield server


def url_of(broker: PrivateRabbitMQ, node: NodeId, *, password: str | None = None) -> str:
    return f"amqp://{broker_user(node)}:{password or PASSWORDS[node]}@{LOOPBACK}:{broker.port}/"


@asynccontextmanager
async def open_bus(broker: PrivateRabbitMQ, node: NodeId) -> AsyncIterator[RabbitMQBus]:
    bus = RabbitMQBus(url_of(broker, node), node=node)
    try:
        await bus.open()
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def open_channel(broker: PrivateRabbitMQ, node: NodeId) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url_of(broker, node)) as connection:
        yield await connection.channel()


async def test_nodes_send_bury_and_receive_with_nothing_but_their_own_users(broker: PrivateRabbitMQ) -> None:
    message = Message(id=MessageId(new_uuid()), destination=DISTRICT, envelope="e30.e30.")
    async with open_bus(broker, PROVINCE) as province, open_bus(broker, DISTRICT) as district:
        await province.publish(message)
        batches = district.batches(DISTRICT, size=1, linger=timedelta())

        (received,) = await anext(aiter(batches))
        await received.bury("for the test")

    assert received.message.id == message.id
    async with open_channel(broker, DISTRICT) as channel:
        dead = await channel.get_queue(f"{queue_name(DISTRICT)}.dead")
        buried = await dead.get()
        await buried.ack()
    assert buried.headers["reason"] == "for the test"


async def test_a_node_may_not_read_anothers_queue(broker: PrivateRabbitMQ) -> None:
    async with open_bus(broker, DISTRICT), open_channel(broker, PROVINCE) as channel:
        queue = await channel.get_queue(queue_name(DISTRICT), ensure=False)

        with pytest.raises(ChannelAccessRefused):
            await queue.get(fail=False)


async def test_a_node_may_not_put_messages_straight_into_a_queue(broker: PrivateRabbitMQ) -> None:
    async with open_bus(broker, DISTRICT), open_channel(broker, PROVINCE) as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.default_exchange.publish(aio_pika.Message(b""), queue_name(DISTRICT), timeout=5)


async def test_the_dots_of_a_node_id_stand_for_dots_only(broker: PrivateRabbitMQ) -> None:
    async with open_channel(broker, DISTRICT) as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.declare_queue("node.H28x31", durable=True)


@pytest.mark.parametrize("url", ["amqp://guest:guest@{}:{}/", "amqp://node.H28:of-the-district@{}:{}/"])
async def test_nobody_else_gets_in(broker: PrivateRabbitMQ, url: str) -> None:
    with pytest.raises(AMQPError):
        await aio_pika.connect(url.format(LOOPBACK, broker.port))
