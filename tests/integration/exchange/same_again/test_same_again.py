"""The same submission again is the same document with the same receipt, byte for byte: at once, and much later."""

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from lienthong.exchange.domain.retention import GRACE
from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox, submissions
from lienthong.exchange.usecases.keep_packages import mark_expired, remove_marked
from lienthong.shared.edxml.media_types import EDXML
from tests.integration.exchange.audit.auditing import audited
from tests.integration.exchange.carry.tree import Node, Tree, header_of, letter, open_node, open_tree
from tests.integration.exchange.retention.later import MOMENT, at, keeping, retained

HERE, OFFICE = "H28.31", "H28.31.01"
DAY = timedelta(days=1)
BIG = 4 * 1024 * 1024
Parts = dict[str, tuple[str | None, str | bytes] | tuple[str | None, str | bytes, str | None]]
Submit = Callable[[Node], Awaitable[httpx.Response]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoAPIs:
    """Two API processes of one node, on one database and one store."""

    tree: Tree
    one: Node
    other: Node

    def whole(self, package: bytes, **headers: str) -> Submit:
        async def submit(node: Node) -> httpx.Response:
            async with self._client(node) as client:
                return await client.post("/v1/documents", content=package, headers={"Content-Type": EDXML, **headers})

        return submit

    def in_parts(self, content: bytes, **headers: str) -> Submit:
        header = header_of(HERE, ["G22", OFFICE]).model_dump_json(by_alias=True)
        files: Parts = {"header": (None, header), "file": ("thu.pdf", b"%PDF-1.7 " + content, "application/pdf")}

        async def submit(node: Node) -> httpx.Response:
            async with self._client(node) as client:
                return await client.post("/v1/documents?sign=false", files=files, headers=headers)

        return submit

    def _client(self, node: Node) -> httpx.AsyncClient:
        client = self.tree.client(HERE)
        client._transport = httpx.ASGITransport(node.app, raise_app_exceptions=False)
        return client

    async def eight_times(self, submit: Submit) -> list[httpx.Response]:
        return await asyncio.gather(*(submit(node) for node in (self.one, self.other) * 4))

    async def is_one_document(self, answers: list[httpx.Response]) -> bool:
        assert {one.status_code for one in answers} == {201}, answers[0].text
        counts = [len(await self.one.rows(table)) for table in (submissions, documents, deliveries, outbox, evidence)]
        return len({one.content for one in answers}) == 1 and counts == [1, 1, 2, 1, 2]


@pytest.fixture
async def apis(tmp_path: Path, empty_database: Path, database_url: str) -> AsyncIterator[TwoAPIs]:
    async with open_tree(tmp_path, empty_database, databases={HERE: database_url}) as tree, AsyncExitStack() as stack:
        one = tree[HERE]
        yield TwoAPIs(tree=tree, one=one, other=await open_node(one.factory.settings, tree, stack))


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize("size", [100, BIG])
async def test_eight_at_once_at_two_processes_are_one_document_with_eight_equal_receipts(
    apis: TwoAPIs, headers: dict[str, str], size: int
) -> None:
    package = letter(HERE, ["G22", OFFICE], folder=apis.tree.folder, attachment=b"%PDF-1.7 " + os.urandom(size))

    answers = await apis.eight_times(apis.whole(package, **headers))

    assert await apis.is_one_document(answers)
    assert (await audited(apis.one, deep=True)).found == {}


async def test_eight_at_once_in_parts_are_one_document_though_each_is_built_anew(apis: TwoAPIs) -> None:
    answers = await apis.eight_times(apis.in_parts(b"x" * 1000, **{"Idempotency-Key": "k"}))

    assert await apis.is_one_document(answers)
    await retained(apis.one.factory, after=timedelta())
    assert await apis.one.blobs() == [answers[0].json()["package"]["sha256"]]
    assert (await audited(apis.one, deep=True)).found == {}


@pytest.mark.parametrize("way", ["whole", "in parts"])
async def test_the_same_a_day_later_and_after_its_package_went_gets_the_first_receipt(apis: TwoAPIs, way: str) -> None:
    package = letter(HERE, ["G22", OFFICE], folder=apis.tree.folder)
    submit = apis.whole(package) if way == "whole" else apis.in_parts(b"x", **{"Idempotency-Key": "k"})
    first = await submit(apis.one)
    later = at(keeping(apis.one.factory, own=DAY), apis.one.factory.clock() + 2 * DAY)
    apis.other.app.state.factory = later

    again = [await submit(apis.other)]
    async with apis.one.factory.database.begin() as connection:
        await connection.execute(deliveries.update().values(transport_status="done"))
        await connection.execute(outbox.delete())
    await mark_expired(later)
    assert await remove_marked(at(later, later.clock() + GRACE + MOMENT)) == 1
    again.append(await submit(apis.other))

    assert {one.content for one in again} == {first.content}
    assert await apis.one.blobs() == []
    assert len(await apis.one.rows(documents)) == 1
