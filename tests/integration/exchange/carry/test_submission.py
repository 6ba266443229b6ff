"""Taking a document over: once, from whom it may come, for whom it can reach, leaving nothing behind when refused."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox, submissions
from lienthong.shared.edxml.media_types import EDXML
from tests.integration.exchange.carry.tree import Tree, header_of, letter
from tests.integration.exchange.retention.later import retained

HERE = "H28.31"
Parts = dict[str, tuple[str | None, str | bytes] | tuple[str | None, str | bytes, str | None]]


async def _nothing_is_left(tree: Tree) -> bool:
    node = tree[HERE]
    rows = [await node.rows(table) for table in (documents, deliveries, evidence, outbox, submissions)]
    spool = list(Path(node.factory.settings.spool_dir).iterdir())
    return not any(rows) and not await node.blobs() and not spool


def _refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"], answer.json()["hop"]) == (status, code, HERE)


async def test_a_repeated_key_gets_the_same_bytes(tree: Tree) -> None:
    package = letter(HERE, ["G22"], folder=tree.folder)

    first = await tree.submit(HERE, package, **{"Idempotency-Key": "k-1"})
    second = await tree.submit(HERE, package, **{"Idempotency-Key": "k-1"})

    assert second.content == first.content
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(await tree[HERE].rows(documents)) == 1


async def test_the_same_package_without_a_key_is_one_document(tree: Tree) -> None:
    package = letter(HERE, ["G22"], folder=tree.folder)

    first, second = await tree.submit(HERE, package), await tree.submit(HERE, package)

    assert second.content == first.content
    assert len(await tree[HERE].rows(outbox)) == 1


async def test_eight_at_once_make_one_document_and_eight_equal_answers(tree: Tree) -> None:
    package = letter(HERE, ["G22", "H28.31.01"], folder=tree.folder)

    answers = await asyncio.gather(*(tree.submit(HERE, package, **{"Idempotency-Key": "k"}) for _ in range(8)))

    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert [len(await tree[HERE].rows(table)) for table in (documents, deliveries, outbox)] == [1, 2, 1]
    assert await tree[HERE].blobs() == [answers[0].json()["package"]["sha256"]]


async def test_a_key_used_for_other_bytes_is_refused(tree: Tree) -> None:
    await tree.submit(HERE, letter(HERE, ["G22"], folder=tree.folder), **{"Idempotency-Key": "k"})
    before = await tree[HERE].blobs()

    other = letter(HERE, ["H28"], folder=tree.folder, number="182")
    answer = await tree.submit(HERE, other, **{"Idempotency-Key": "k"})

    _refused(answer, 409, "idempotency-key-reused")
    assert await tree[HERE].blobs() == before


async def test_different_bytes_under_one_key_at_once_leave_one_document_and_one_package(tree: Tree) -> None:
    packages = [letter(HERE, ["G22"], folder=tree.folder, number=str(n)) for n in range(4)]

    answers = await asyncio.gather(*(tree.submit(HERE, one, **{"Idempotency-Key": "k"}) for one in packages))

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert len(await tree[HERE].rows(documents)) == 1
    await retained(tree[HERE].factory, after=timedelta())
    assert len(await tree[HERE].blobs()) == 1


async def test_an_unknown_recipient_does_not_hold_up_the_others(tree: Tree) -> None:
    to = ["000.00.00.G22", "G22", "X99", "H28.99"]

    answer = await tree.submit(HERE, letter(HERE, to, folder=tree.folder))

    said = {one["addressed_to"]: one["outcome"] for one in answer.json()["recipients"]}
    assert said == {
        "000.00.00.G22": "accepted",
        "G22": "accepted",
        "X99": "unknown-recipient",
        "H28.99": "recipient-not-placed",
    }
    assert [one["agency"] for one in await tree[HERE].rows(deliveries)] == ["G22"]


@pytest.mark.parametrize(
    ("sender", "to", "status", "code"),
    [
        ("H28.31", ["X99", "H28.99"], 400, "no-known-recipient"),
        ("X99", ["G22"], 400, "sender-unknown"),
        ("H28", ["G22"], 403, "sender-not-allowed"),
        ("H28.31.01", ["G22"], 403, "sender-not-allowed"),
    ],
)
async def test_a_refused_submission_leaves_nothing(
    tree: Tree, *, sender: str, to: list[str], status: int, code: str
) -> None:
    answer = await tree.submit(HERE, letter(sender, to, folder=tree.folder))

    _refused(answer, status, code)
    assert await _nothing_is_left(tree)


async def test_a_sender_of_another_node_is_sent_there(tree: Tree) -> None:
    async with tree.client("G22", node=HERE) as client:
        content = letter("G22", ["H28"], folder=tree.folder)
        answer = await client.post("/v1/documents", content=content, headers={"Content-Type": EDXML})

    _refused(answer, 400, "agency-not-served-here")


async def test_what_is_no_package_is_refused_by_its_type(tree: Tree) -> None:
    async with tree.client(HERE) as client:
        answer = await client.post("/v1/documents", content=b"{}", headers={"Content-Type": "text/plain"})

    _refused(answer, 400, "unsupported-media-type")
    assert "multipart/form-data" in answer.json()["accepted"]


async def test_a_declared_length_over_the_limit_is_refused_unread(tree: Tree) -> None:
    headers = {"Content-Length": str(7 * 1024**3)}

    answer = await tree.submit(HERE, b"<edXML/>", **headers)

    _refused(answer, 413, "package-too-large")
    assert await _nothing_is_left(tree)


async def test_a_body_cut_off_in_the_middle_is_refused(tree: Tree) -> None:
    package = letter(HERE, ["G22"], folder=tree.folder)

    answer = await tree.submit(HERE, package[:-200], **{"Content-Length": str(len(package))})

    _refused(answer, 400, "body-truncated")
    assert await _nothing_is_left(tree)


async def test_a_header_with_files_becomes_a_package(tree: Tree) -> None:
    header = header_of(HERE, ["G22"]).model_dump_json(by_alias=True)
    files: Parts = {"header": (None, header), "file": ("thu.pdf", b"%PDF-1.7 invented", "application/pdf")}
    async with tree.client(HERE) as client:
        answers = [await client.post("/v1/documents?sign=false", files=files) for _ in range(2)]

    assert answers[0].status_code == 201, answers[0].text
    assert answers[1].content == answers[0].content
    [document] = await tree[HERE].rows(documents)
    assert [one["name"] for one in document["content"]["attachments"]] == ["thu.pdf"]


@pytest.mark.parametrize(
    "files",
    [
        {"file": ("thu.pdf", b"%PDF-", "application/pdf")},
        {"header": (None, "{}")},
        {"header": (None, "not json")},
        {"header": (None, "{}"), "surplus": (None, "x")},
    ],
)
async def test_parts_that_do_not_add_up_are_refused(tree: Tree, files: Parts) -> None:
    async with tree.client(HERE) as client:
        answer = await client.post("/v1/documents?sign=false", files=files)

    _refused(answer, 400, "submission-malformed")
    assert await _nothing_is_left(tree)


async def test_a_signature_that_nobody_can_make_now_is_a_503(tree: Tree) -> None:
    header = header_of(HERE, ["G22"]).model_dump_json(by_alias=True)
    files: Parts = {"header": (None, header), "file": ("thu.pdf", b"%PDF-1.7 invented", "application/pdf")}

    async with tree.client(HERE) as client:
        answer = await client.post("/v1/documents", files=files)

    assert answer.status_code == 503
    assert await _nothing_is_left(tree)
