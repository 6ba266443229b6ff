"""Kills in mid-flight: nothing is lost, and every effect happens once."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest

from deploy.servers import QUEUES_KEPT_AFTER_S, PrivatePostgres, PrivateRabbitMQ
from lienthong.shared.blobs import BlobStore
from lienthong.shared.blobs.obstore_store import open_blob_store
from lienthong.shared.bus import BusUnavailable, Unroutable, queue_name
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.database import Database
from lienthong.shared.identifiers import MessageId
from tests.contract.buses import LINGER, RabbitMQBuses, message_to, new_node
from tests.contract.outboxes import (
    FORGETFUL,
    backlog,
    entry_to,
    metadata,
    queue_up,
    receive,
    relaying,
    take,
    unacknowledged,
    until_empty,
)
from tests.support.databases import opened


@pytest.fixture
def own_rabbitmq(server_directory: Path) -> Iterator[PrivateRabbitMQ]:
    """A broker that may be killed."""
    server = PrivateRabbitMQ(server_directory / "rabbitmq-to-kill")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
async def rabbitmq(rabbitmq_url: str) -> AsyncIterator[RabbitMQBuses]:
    buses = RabbitMQBuses(rabbitmq_url)
    yield buses
    await buses.close()


async def test_relay_killed_after_the_confirm_sends_again_and_the_inbox_drops_it(
    rabbitmq: RabbitMQBuses, sender: Database, receiver: Database, tmp_path: Path
) -> None:
    node = new_node()
    blobs_url = (tmp_path / "folder").as_uri()
    bus = await rabbitmq.connect(node)
    sent = await queue_up(sender, [entry_to(node) for _ in range(50)])

    urls = [sender.url.render_as_string(hide_password=False), rabbitmq.url, blobs_url]
    dying = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.contract.dying_relay", *urls, "10")
    assert await dying.wait() == -signal.SIGKILL
    assert await backlog(sender) == 50
    deliveries: list[MessageId] = []
    effects: list[MessageId] = []
    batches = bus.batches(node, size=50, linger=LINGER)
    async with relaying(sender, bus, open_blob_store(blobs_url)):
        while len(effects) < 50 or len(deliveries) == 50:  # the last confirm and the relay's note of it may come later
            batch = await anext(batches)
            deliveries += [received.message.id for received in batch]
            effects += await take(batch, receiver)
        await until_empty(sender)
    await batches.aclose()  # type: ignore[attr-defined]

    assert sorted(effects) == sorted(sent)
    assert len(deliveries) > 50


async def test_broker_killed_in_mid_flight_loses_nothing(
    own_rabbitmq: PrivateRabbitMQ, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = RabbitMQBus(own_rabbitmq.url(), node=node)
    await bus.open()
    await asyncio.sleep(QUEUES_KEPT_AFTER_S)
    sent = await queue_up(sender, [entry_to(node) for _ in range(500)])

    async with relaying(sender, bus, folder):
        receiving = asyncio.create_task(receive(bus, node, receiver, count=500, sender=sender))
        while await backlog(sender) > 400:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(own_rabbitmq.kill)
        with pytest.raises(BusUnavailable):
            await bus.publish(message_to(node))
        assert not await bus.ready()
        await asyncio.to_thread(own_rabbitmq.start)
        assert sorted(await receiving) == sorted(sent)
        await until_empty(sender)
    await bus.close()


async def test_broker_that_loses_its_disk_loses_no_message(
    own_rabbitmq: PrivateRabbitMQ, sender: Database, receiver: Database, folder: BlobStore
) -> None:
    node = new_node()
    bus = RabbitMQBus(own_rabbitmq.url(), node=node)
    await bus.open()
    sent = await queue_up(sender, [entry_to(node) for _ in range(50)])

    impatient = replace(FORGETFUL, overdue=timedelta(seconds=2), probe_rest=timedelta(milliseconds=100))
    async with relaying(sender, bus, folder, pace=impatient):
        await until_empty(sender)  # the broker has confirmed all of them
        await asyncio.to_thread(own_rabbitmq.forget)
        await asyncio.to_thread(own_rabbitmq.start)
        arrived = await receive(bus, node, receiver, count=50, sender=sender)
    await bus.close()

    assert sorted(arrived) == sorted(sent)
    assert await unacknowledged(sender) == 0


async def test_queue_that_somebody_deletes_is_declared_again(own_rabbitmq: PrivateRabbitMQ, receiver: Database) -> None:
    node = new_node()
    bus = RabbitMQBus(own_rabbitmq.url(), node=node)
    await bus.open()
    receiving = asyncio.create_task(receive(bus, node, receiver, count=1))
    await asyncio.sleep(0.5)
    async with await aio_pika.connect(own_rabbitmq.url()) as connection, connection.channel() as channel:
        await channel.queue_delete(queue_name(node))

    message = message_to(node)
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Unroutable):
                await bus.publish(message)
                break
            await asyncio.sleep(0.1)

    assert await receiving == [message.id]
    await bus.close()


async def test_database_killed_in_mid_flight_loses_nothing(
    rabbitmq: RabbitMQBuses, receiver: Database, folder: BlobStore, server_directory: Path
) -> None:
    node = new_node()
    bus = await rabbitmq.connect(node)
    with PrivatePostgres(server_directory / f"postgres-{node}") as postgres:
        async with opened(postgres.create_database("sender")) as sender:
            async with sender.begin() as connection:
                await connection.run_sync(metadata.create_all)
            sent = await queue_up(sender, [entry_to(node) for _ in range(500)])
            async with relaying(sender, bus, folder, pace=FORGETFUL):
                receiving = asyncio.create_task(receive(bus, node, receiver, count=500, sender=sender))
                while await backlog(sender) > 400:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(postgres.kill)
                await asyncio.to_thread(postgres.start)
                assert sorted(await receiving) == sorted(sent)
                await until_empty(sender)
