"""Three real brokers: the centre's, the province's, and one that district and commune share. Each in turn is away."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.servers import PrivateRabbitMQ
from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox
from lienthong.exchange.worker import Worker
from lienthong.shared.outbox import Pace
from tests.integration.exchange.carry.tree import NODES, Tree, letter
from tests.integration.exchange.carry.tree import open_tree as open_line

BROKER_OF = {"G22": "centre", "H28": "province", "H28.31": "district", "H28.31.05": "district"}
NEIGHBOURS = {
    "G22": ("H28",),
    "H28": ("G22", "H28.31"),
    "H28.31": ("H28", "H28.31.05"),
    "H28.31.05": ("H28.31",),
}
BRISK = Pace(
    longest_delay=timedelta(seconds=1),
    longest_broker_delay=timedelta(seconds=1),
    overdue=timedelta(seconds=2),
    probe_rest=timedelta(milliseconds=200),
)
PATIENCE_S = 90
"""A broker takes 5 s to start on an idle machine."""
Brokers = dict[str, PrivateRabbitMQ]


@pytest.fixture(scope="module")
def running(server_directory: Path) -> Iterator[Brokers]:
    brokers = {name: PrivateRabbitMQ(server_directory / f"rabbitmq-{name}") for name in set(BROKER_OF.values())}
    try:
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(PrivateRabbitMQ.start, brokers.values()))
        yield brokers
    finally:
        for broker in brokers.values():
            broker.kill()


@pytest.fixture
async def brokers(running: Brokers) -> AsyncIterator[Brokers]:
    """All three, without anything that an earlier test left in them."""
    yield running
    for broker in running.values():
        await asyncio.to_thread(broker.forget)
    await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in running.values()))


@pytest.fixture
async def tree(tmp_path: Path, empty_database: Path, brokers: Brokers) -> AsyncIterator[Tree]:
    async with open_line(tmp_path, empty_database) as tree:
        for name, node in tree.nodes.items():
            known = {f"broker-{one}": SecretStr(brokers[BROKER_OF[one]].url()) for one in (name, *NEIGHBOURS[name])}
            settings = node.factory.settings.model_copy(update={"brokers": known})
            node.factory = dataclasses.replace(node.factory, settings=settings, bus=None)
        yield tree


def start(tree: Tree, *names: str, pace: Pace = BRISK) -> None:
    for name in names:
        tree[name].worker = asyncio.create_task(Worker(tree[name].factory, pace=pace).run())


async def send(tree: Tree, sender: str, to: str, *, number: int = 1, priority: int = 0) -> str:
    package = letter(sender, [to], folder=tree.folder, number=f"{number}", priority=priority)
    answer = await tree.submit(sender, package)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def arrived(tree: Tree, node: str, *, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len([one for one in await tree[node].rows(deliveries) if one["is_local"]]) < count:
            await asyncio.sleep(0.05)


async def forgotten(tree: Tree, node: str) -> None:
    """Waits until nothing stands in the outbox of ``node``: all that it sent has been taken."""
    async with asyncio.timeout(PATIENCE_S):
        while await tree[node].rows(outbox):
            await asyncio.sleep(0.05)


async def test_a_document_climbs_over_three_brokers_and_its_evidence_comes_back(tree: Tree) -> None:
    start(tree, *NODES)

    await send(tree, "H28.31.05", "G22")

    await arrived(tree, "G22")
    for name in NODES:
        await forgotten(tree, name)
    at_home = {(one["event"], one["issuer"]) for one in await tree["H28.31.05"].rows(evidence)}
    assert at_home == {
        ("SubmissionAcceptance", "H28.31.05"),
        ("RelayAcceptance", "H28.31"),
        ("RelayAcceptance", "H28"),
        ("ContentConsignment", "G22"),
    }


async def test_a_broker_that_is_away_holds_up_its_own_destinations_only(tree: Tree, brokers: Brokers) -> None:
    start(tree, *NODES)
    await asyncio.to_thread(brokers["centre"].kill)

    await send(tree, "H28.31.05", "G22", number=1)
    await send(tree, "H28.31.05", "H28", number=2)
    await arrived(tree, "H28")
    assert await tree["G22"].rows(deliveries) == []

    await asyncio.to_thread(brokers["centre"].start)
    await arrived(tree, "G22")


async def test_a_worker_that_starts_while_other_brokers_are_away_relays_to_the_rest(
    tree: Tree, brokers: Brokers
) -> None:
    await asyncio.to_thread(brokers["centre"].kill)
    start(tree, *NODES)

    await send(tree, "H28", "G22", number=1)
    await send(tree, "H28", "H28.31.05", number=2)

    await arrived(tree, "H28.31.05")
    await asyncio.to_thread(brokers["centre"].start)
    await arrived(tree, "G22")


async def test_a_node_whose_own_broker_is_away_takes_documents_and_sends_them(tree: Tree, brokers: Brokers) -> None:
    await asyncio.to_thread(brokers["province"].kill)
    start(tree, *NODES)

    await send(tree, "H28", "H28.31.05", number=1)
    await send(tree, "G22", "H28", number=2)
    await arrived(tree, "H28.31.05")
    assert [one for one in await tree["H28"].rows(deliveries) if one["is_local"]] == []

    await asyncio.to_thread(brokers["province"].start)
    await arrived(tree, "H28")


async def test_a_broker_that_comes_back_without_its_memory_loses_no_document(tree: Tree, brokers: Brokers) -> None:
    start(tree, *NODES)
    await send(tree, "H28", "H28.31", number=0)
    await arrived(tree, "H28.31")  # so that its queue is there
    await tree["H28.31"].stop()
    sent = [await send(tree, "H28", "H28.31", number=number) for number in range(1, 21)]
    async with asyncio.timeout(PATIENCE_S):
        while sum(1 for one in await tree["H28"].rows(outbox) if one["sent_at"]) < len(sent):
            await asyncio.sleep(0.05)

    await asyncio.to_thread(brokers["district"].forget)
    await asyncio.to_thread(brokers["district"].start)
    start(tree, "H28.31")

    await arrived(tree, "H28.31", count=len(sent) + 1)
    await forgotten(tree, "H28")
    assert {one["document_id"] for one in await tree["H28.31"].rows(deliveries)} >= set(sent)


async def test_a_node_that_returns_gets_what_is_urgent_first(tree: Tree) -> None:
    narrow = dataclasses.replace(BRISK, window=4, batch=4)
    start(tree, "H28.31", "H28.31.05")
    await send(tree, "H28.31", "H28.31.05", number=0)
    await arrived(tree, "H28.31.05")
    await tree["H28.31.05"].stop()
    await tree["H28.31"].stop()
    start(tree, "H28.31", pace=narrow)
    plain = [await send(tree, "H28.31", "H28.31.05", number=number) for number in range(1, 25)]
    urgent = [await send(tree, "H28.31", "H28.31.05", number=number, priority=3) for number in range(25, 29)]

    settings = tree["H28.31.05"].factory.settings.model_copy(update={"consumer_batch": 2})
    tree["H28.31.05"].factory = dataclasses.replace(tree["H28.31.05"].factory, settings=settings)
    start(tree, "H28.31.05")
    await arrived(tree, "H28.31.05", count=1 + len(plain) + len(urgent))

    stored = {one["id"]: one["stored_at"] for one in await tree["H28.31.05"].rows(documents)}
    order = sorted(stored, key=stored.__getitem__)
    before_the_urgent = [one for one in order[: order.index(urgent[-1])] if one in plain]
    assert len(before_the_urgent) <= 2 * narrow.window
