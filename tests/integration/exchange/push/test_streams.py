"""Server-sent events over a real connection."""

import asyncio
import time

import pytest

from lienthong.exchange.api import event_stream
from lienthong.exchange.usecases import read_events
from lienthong.exchange.usecases.stream_places import MAX_STREAMS_OF_CLIENT
from lienthong.shared.identifiers import AgencyCode, DocumentId
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.push.serving import STREAM, reader, served, stream
from tests.integration.exchange.receive.receiving_node import ReceivingNode


async def test_a_stream_tells_what_happens_from_now_on(node: ReceivingNode) -> None:
    await tell(node.factory, event(document=DocumentId("before")))

    async with served(node.app) as (base, _), reader(node, base) as client, stream(client) as told:
        assert told.last_id == "1"
        await tell(node.factory, event(document=DocumentId("foreign"), agency=AgencyCode("H28.31.02")))
        await tell(node.factory, event(document=DocumentId("after")))
        found = await told.events(1)

    assert [(one["id"], '"subject":"after"' in one["data"]) for one in found] == [("3", True)]
    assert found[0]["event"] == "vn.lienthong.delivery.arrived"


async def test_a_reader_that_comes_again_misses_nothing_and_gets_nothing_twice(node: ReceivingNode) -> None:
    seen: list[str] = []
    async with served(node.app) as (base, _), reader(node, base) as client:
        async with stream(client, params={"after": 0}) as told:
            await tell(node.factory, *(event() for _ in range(250)))
            seen += [one["id"] for one in await told.events(120)]
        await tell(node.factory, *(event() for _ in range(30)))

        async with stream(client, headers={"Last-Event-ID": seen[-1]}, params={"after": 0}) as told:
            seen += [one["id"] for one in await told.events(280 - len(seen))]

    assert seen == [str(position) for position in range(1, 281)]


async def test_an_idle_stream_is_told_how_far_the_feed_is(node: ReceivingNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_events, "HEARTBEAT", read_events.LOOK_PAUSE)
    async with served(node.app) as (base, _), reader(node, base) as client, stream(client) as told:
        await tell(node.factory, event(agency=AgencyCode("H28.31.02")))

        async with asyncio.timeout(5):
            while told.last_id != "1":
                block = await told.next_block()

    assert "data" not in block


async def test_a_server_that_stops_ends_its_streams_at_once(node: ReceivingNode) -> None:
    began = time.monotonic()
    async with served(node.app) as (base, server), reader(node, base) as client, stream(client) as told:
        server.handle_exit(15, None)
        async with asyncio.timeout(5):
            rest = [line async for line in told._lines]

    assert all(not line or line.startswith((":", "id")) for line in rest)
    assert time.monotonic() - began < 5


async def test_a_reader_that_is_gone_gives_its_place_back(node: ReceivingNode) -> None:
    async with served(node.app) as (base, _), reader(node, base) as client:
        for _ in range(2 * MAX_STREAMS_OF_CLIENT):
            async with asyncio.timeout(5):
                while (await client.get("/v1/events", params={"limit": 1})).status_code != 200:
                    await asyncio.sleep(0.05)
                async with stream(client):
                    pass
                while node.factory.streams._taken:
                    await asyncio.sleep(0.05)


async def test_a_client_does_not_take_all_streams(node: ReceivingNode) -> None:
    async with served(node.app) as (base, _), reader(node, base) as client:
        opened = [stream(client) for _ in range(MAX_STREAMS_OF_CLIENT)]
        for one in opened:
            await one.__aenter__()
        refused = await client.get("/v1/events", headers=STREAM)
        for one in opened:
            await one.__aexit__(None, None, None)

    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
    assert int(refused.headers["Retry-After"]) > 0


async def test_a_stream_ends_before_its_token_is_long_out_of_date(
    node: ReceivingNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STREAM_LIFETIME", read_events.LOOK_PAUSE)
    async with served(node.app) as (base, _), reader(node, base) as client, stream(client) as told:
        async with asyncio.timeout(5):
            assert [line async for line in told._lines if line.startswith("data")] == []


async def test_a_reader_that_does_not_read_is_cut_off(node: ReceivingNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SEND_TIME", read_events.LOOK_PAUSE)
    text = {"detail": "x" * 1000}
    async with served(node.app) as (base, _), reader(node, base) as client, stream(client, params={"after": 0}):
        async with asyncio.timeout(30):
            await tell(node.factory, *(event(data=text) for _ in range(1000)))
            while node.factory.streams._taken:
                await tell(node.factory, *(event(data=text) for _ in range(1000)))

    assert not node.factory.streams._taken


async def test_a_stream_from_a_lost_position_is_refused(node: ReceivingNode) -> None:
    async with node.client() as client:
        answer = await client.get("/v1/events", headers=STREAM | {"Last-Event-ID": "7"})
        nonsense = await client.get("/v1/events", headers=STREAM | {"Last-Event-ID": "x"})

    assert answer.json()["code"] == "event-position-unknown"
    assert nonsense.json()["code"] == "invalid-request"
