"""Fetching a package from another node over breaks, lies and absences."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from lienthong.shared.clients.node import BREAKS, DigestMismatch, NodeClient, PackageNotPulled
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile

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


async def test_a_node_that_trickles_is_given_up_for_now_and_leaves_nothing(tmp_path: Path) -> None:
    class Trickling(SendingNode):
        async def _pieces(self, start: int) -> AsyncIterator[bytes]:
            for byte in self.package[start:]:
                yield bytes([byte])
                await asyncio.sleep(0.05)

    async with httpx.AsyncClient(transport=Trickling()) as http:
        client = NodeClient(http=http, pause=timedelta(), least_time=timedelta(seconds=-3.8))
        with pytest.raises(PackageNotPulled):
            await client.pull("http://h28", WANTED, authorize=lambda: "token", directory=tmp_path)

    assert list(tmp_path.iterdir()) == []
