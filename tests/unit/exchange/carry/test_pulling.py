"""Fetching a package from another node over breaks, lies and absences."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from lienthong.shared.clients.node import (
    BREAKS,
    DigestMismatch,
    NodeClient,
    PackageNotPulled,
    PullUnderWay,
    partial_path,
)
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile
from tests.support.full_disk import full_after

PACKAGE = bytes(range(256)) * 1000
WANTED = PackageReference(
    sha256=Sha256(hashlib.sha256(PACKAGE).hexdigest()), size=len(PACKAGE), media_type="application/edxml+xml"
)


@dataclass(kw_only=True)
class SendingNode(httpx.AsyncBaseTransport):
    """Hands ``package`` out; breaks off after ``gives`` bytes, as often as ``breaks`` says."""

    package: bytes = PACKAGE
    gives: int = len(PACKAGE)
    breaks: int = 0
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range")
        self.asked.append(wanted)
        if self.status is not None:
            return httpx.Response(self.status)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        return httpx.Response(206 if wanted else 200, content=self._pieces(start))

    async def _pieces(self, start: int) -> AsyncIterator[bytes]:
        if self.breaks:
            self.breaks -= 1
            yield self.package[start : start + self.gives]
            raise httpx.ReadError("broken off")
        yield self.package[start:]


async def _pull(node: SendingNode, folder: Path) -> SpooledFile:
    async with httpx.AsyncClient(transport=node) as http:
        client = NodeClient(http=http, pause=timedelta())
        return await client.pull("http://h28", WANTED, authorize=lambda: "token", directory=folder)


async def test_a_broken_fetch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    node = SendingNode(gives=100_000, breaks=2)

    with await _pull(node, tmp_path) as spooled:
        assert spooled.path.read_bytes() == PACKAGE

    assert node.asked == [None, "bytes=100000-", "bytes=200000-"]


async def test_a_fetch_that_makes_progress_may_break_as_often_as_it_likes(tmp_path: Path) -> None:
    with await _pull(SendingNode(gives=20_000, breaks=12), tmp_path) as spooled:
        assert spooled.sha256 == WANTED.sha256


async def test_a_node_that_is_away_is_given_up_for_now_and_leaves_nothing(tmp_path: Path) -> None:
    node = SendingNode(status=503)

    with pytest.raises(PackageNotPulled):
        await _pull(node, tmp_path)

    assert len(node.asked) == BREAKS + 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", [PACKAGE[:-1] + b"?", PACKAGE + b"?"], ids=["other bytes", "more bytes"])
async def test_other_bytes_than_announced_are_refused(tmp_path: Path, package: bytes) -> None:
    with pytest.raises(DigestMismatch):
        await _pull(SendingNode(package=package), tmp_path)

    assert list(tmp_path.iterdir()) == []


async def test_a_node_that_trickles_is_given_up_for_now(tmp_path: Path) -> None:
    class Trickling(SendingNode):
        async def _pieces(self, start: int) -> AsyncIterator[bytes]:
            for byte in self.package[start:]:
                yield bytes([byte])
                await asyncio.sleep(0.05)

    async with httpx.AsyncClient(transport=Trickling()) as http:
        client = NodeClient(http=http, pause=timedelta(), least_time=timedelta(seconds=-3.8))
        with pytest.raises(PackageNotPulled):
            await client.pull("http://h28", WANTED, authorize=lambda: "token", directory=tmp_path)


async def test_a_later_fetch_goes_on_where_a_killed_one_stopped(tmp_path: Path) -> None:
    partial_path(tmp_path, WANTED).write_bytes(PACKAGE[:150_000])
    node = SendingNode()

    with await _pull(node, tmp_path) as spooled:
        assert spooled.path.read_bytes() == PACKAGE

    assert node.asked == ["bytes=150000-"]


async def test_a_fetch_that_was_given_up_leaves_what_it_had_for_the_next(tmp_path: Path) -> None:
    class Falling(SendingNode):
        async def _pieces(self, start: int) -> AsyncIterator[bytes]:
            if not start:
                yield self.package[:100_000]
            raise httpx.ReadError("broken off")

    with pytest.raises(PackageNotPulled):
        await _pull(Falling(), tmp_path)
    node = SendingNode()

    with await _pull(node, tmp_path) as spooled:
        assert spooled.sha256 == WANTED.sha256

    assert node.asked == ["bytes=100000-"]


async def test_a_whole_package_that_a_killed_process_left_is_not_fetched_again(tmp_path: Path) -> None:
    partial_path(tmp_path, WANTED).write_bytes(PACKAGE)
    node = SendingNode()

    with await _pull(node, tmp_path) as spooled:
        assert spooled.path.read_bytes() == PACKAGE

    assert node.asked == []


@pytest.mark.parametrize("left", [PACKAGE[:99] + b"?", PACKAGE + b"?"], ids=["damaged", "too-long"])
async def test_a_damaged_leftover_is_fetched_anew_and_blames_nobody(left: bytes, tmp_path: Path) -> None:
    partial_path(tmp_path, WANTED).write_bytes(left)

    with pytest.raises(PackageNotPulled):
        await _pull(SendingNode(), tmp_path)

    with await _pull(SendingNode(), tmp_path) as spooled:
        assert spooled.sha256 == WANTED.sha256


async def test_two_at_once_do_not_write_into_one_file(tmp_path: Path) -> None:
    with await _pull(SendingNode(), tmp_path) as first:
        with pytest.raises(PullUnderWay):
            await _pull(SendingNode(), tmp_path)
        assert first.path.read_bytes() == PACKAGE

    with await _pull(SendingNode(), tmp_path) as later:
        assert later.sha256 == WANTED.sha256


async def test_a_disk_that_fills_up_keeps_what_fits_and_says_so(tmp_path: Path) -> None:
    with full_after(100_000), pytest.raises(InsufficientStorage):
        await _pull(SendingNode(), tmp_path)
    node = SendingNode()

    with await _pull(node, tmp_path) as spooled:
        assert spooled.sha256 == WANTED.sha256

    assert node.asked == ["bytes=100000-"]
