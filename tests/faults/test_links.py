"""A link does what it says: it carries, cuts, swallows, and slows down."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.links import Links

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SILENCE_S = 0.5


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def links() -> AsyncIterator[Links]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server, Links({"way": server.sockets[0].getsockname()[1]}) as running:
        yield running


@asynccontextmanager
async def _connected(links: Links) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", links.ports["way"])
    try:
        yield reader, writer
    finally:
        writer.close()


async def _said(streams: Streams, text: bytes) -> bytes:
    reader, writer = streams
    writer.write(text)
    async with asyncio.timeout(SILENCE_S):
        return await reader.readexactly(len(text))


async def test_an_open_link_carries_much_both_ways(links: Links) -> None:
    async with _connected(links) as (reader, writer):
        sent = bytes(range(256)) * 20_000
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent


async def test_a_cut_link_resets_and_refuses_until_it_is_mended(links: Links) -> None:
    async with _connected(links) as before:
        await _said(before, b"a")
        await links.set("way", "cut")
        with pytest.raises(ConnectionError):
            await _said(before, b"b")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with _connected(links) as during:
                await _said(during, b"c")

    await links.set("way", "open")
    async with _connected(links) as after:
        assert await _said(after, b"d") == b"d"


async def test_a_half_open_link_swallows_and_tells_nobody(links: Links) -> None:
    async with _connected(links) as streams:
        await _said(streams, b"a")
        await links.set("way", "half-open")
        with pytest.raises(TimeoutError):
            await _said(streams, b"b")
        await links.set("way", "open", resets=False)
        with pytest.raises(TimeoutError):
            await _said(streams, b"c")

    async with _connected(links) as after:
        assert await _said(after, b"d") == b"d"


async def test_a_half_open_link_may_end_with_a_reset(links: Links) -> None:
    async with _connected(links) as streams:
        await links.set("way", "half-open")
        with pytest.raises(TimeoutError):
            await _said(streams, b"b")
        await links.set("way", "open", resets=True)
        with pytest.raises(ConnectionError):
            await _said(streams, b"c")


async def test_a_slow_link_carries_everything_later(links: Links) -> None:
    await links.set("way", "slow", latency_s=0.1, bytes_per_s=100_000)
    async with _connected(links) as (reader, writer):
        began = time.monotonic()
        writer.write(b"x" * 20_000)
        assert await reader.readexactly(20_000) == b"x" * 20_000
        assert time.monotonic() - began >= 0.2 + 0.2
