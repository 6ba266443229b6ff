"""Whoever has seen a position never finds a new event below it."""

import asyncio
import random
from pathlib import Path

from sqlalchemy import select

from lienthong.exchange.domain.events import NewEvent
from lienthong.exchange.factory import Factory
from lienthong.exchange.storage.event_schema import events
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.usecases.number_events import number_events
from lienthong.shared.identifiers import DocumentId, new_uuid
from tests.integration.exchange.push.feeds import event, feed, tell
from tests.integration.exchange.receive.receiving_node import ReceivingNode, receiving_node


async def test_an_event_that_was_written_first_and_committed_last_comes_last(
    postgres_database_url: str, tmp_path: Path
) -> None:
    first, second = event(document=DocumentId("first")), event(document=DocumentId("second"))
    async with receiving_node(tmp_path, postgres_database_url) as node:
        async with node.factory.database.begin() as slow:
            await record_events(slow, [first])
            await tell(node.factory, second)
            seen_meanwhile = await feed(node.factory)

        seen_afterwards = await feed(node.factory)

    assert [one["document_id"] for one in seen_meanwhile] == ["second"]
    assert [one["document_id"] for one in seen_afterwards] == ["second", "first"]
    assert seen_afterwards[0]["number"] > seen_afterwards[1]["number"]


async def test_readers_beside_many_writers_and_numberers_miss_nothing(node: ReceivingNode) -> None:
    told = [event(document=DocumentId(new_uuid())) for _ in range(120)]
    is_done = asyncio.Event()

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(_followed(node.factory, is_done))
        numberers = [tasks.create_task(_number_until(node.factory, is_done)) for _ in range(2)]
        await asyncio.gather(*(_told_slowly(node.factory, told[begin : begin + 10]) for begin in range(0, 120, 10)))
        await feed(node.factory)
        is_done.set()

    assert all(one.done() for one in numberers)
    assert sorted(reader.result()) == sorted(one.document for one in told)


async def test_positions_have_no_gaps_and_never_change(node: ReceivingNode) -> None:
    await tell(node.factory, event(), event())
    before = await feed(node.factory)

    await tell(node.factory, event())

    after = await feed(node.factory)
    assert [one["position"] for one in after] == [1, 2, 3]
    assert after[:2] == before


async def test_what_is_rolled_back_is_not_told(node: ReceivingNode) -> None:
    class BrokeOffError(Exception):
        pass

    try:
        async with node.factory.database.begin() as connection:
            await record_events(connection, [event()])
            raise BrokeOffError
    except BrokeOffError:
        pass

    assert not await feed(node.factory)


async def _told_slowly(factory: Factory, told: list[NewEvent]) -> None:
    chance = random.Random(len(told))  # noqa: S311 — nothing secret
    for one in told:
        async with factory.database.begin() as connection:
            await record_events(connection, [one])
            await asyncio.sleep(chance.random() / 100)


async def _number_until(factory: Factory, is_done: asyncio.Event) -> None:
    while not is_done.is_set():
        await number_events(factory)
        await asyncio.sleep(0)


async def _followed(factory: Factory, is_done: asyncio.Event) -> list[str]:
    """What a reader gets that goes on from the last position it saw."""
    got: list[str] = []
    position = 0
    while True:
        was_done = is_done.is_set()
        async with factory.database.read() as connection:
            after = select(events).where(events.c.position > position).order_by(events.c.position)
            found = (await connection.execute(after)).all()
        got += [row.document_id for row in found]
        position = found[-1].position if found else position
        if was_done:
            return got
        await asyncio.sleep(0.002)
