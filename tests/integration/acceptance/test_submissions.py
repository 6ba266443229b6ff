"""Submitting over the real port: recipients that nobody knows, repeats, broken connections, changed files."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from lienthong.sdk.bodies import Body, multipart
from lienthong.shared.edxml.limits import MAX_PACKAGE_BYTES
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.signatures.asice import ContainerFile, build_container
from tests.integration.acceptance.letters import PDF_NAME, header_for, key_of, letter_file, package
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENDER: Final = "H28"


async def test_an_unknown_recipient_holds_up_nobody(network: WholeNetwork, tmp_path: Path) -> None:
    content = package(network, SENDER, ["X99.01", "H28.31", "000.00.77.H28", "000.05.31.H28"], folder=tmp_path)

    answer = await network.submit(SENDER, content)

    assert answer.status_code == 201
    said = [(one["addressed_to"], one["outcome"], one["code"]) for one in answer.json()["recipients"]]
    assert said == [
        ("X99.01", "unknown-recipient", None),
        ("H28.31", "accepted", "H28.31"),
        ("000.00.77.H28", "unknown-recipient", None),
        ("000.05.31.H28", "accepted", "H28.31.05"),
    ]
    assert all(one["detail"] for one in answer.json()["recipients"] if one["outcome"] != "accepted")
    for agency in ("H28.31", "H28.31.05"):
        await network.arrived(agency, answer.json()["id"])


async def test_only_unknown_recipients_are_refused(network: WholeNetwork, tmp_path: Path) -> None:
    before = await network.quiet(SENDER)

    answer = await network.submit(SENDER, package(network, SENDER, ["X99.01", "000.00.77.H28"], folder=tmp_path))

    problem = assert_problem(answer, 400, "no-known-recipient", hop=SENDER)
    assert [one["addressed_to"] for one in problem["recipients"]] == ["X99.01", "000.00.77.H28"]
    assert await network.holdings(SENDER) == before


async def test_a_repeated_key_with_other_bytes_is_refused(network: WholeNetwork, tmp_path: Path) -> None:
    first, second = (package(network, SENDER, ["H28.31"], folder=tmp_path) for _ in range(2))
    accepted = await network.submit(SENDER, first, Idempotency_Key="van-ban-1")
    before = await network.quiet(SENDER)

    answer = await network.submit(SENDER, second, Idempotency_Key="van-ban-1")

    problem = assert_problem(answer, 409, "idempotency-key-reused", hop=SENDER)
    assert problem["document"] == accepted.json()["id"]
    assert await network.holdings(SENDER) == before


@pytest.mark.parametrize("key", [{"Idempotency_Key": "van-ban-2"}, {}], ids=["key", "no-key"])
async def test_eight_at_once_are_one_submission_with_one_answer(
    network: WholeNetwork, tmp_path: Path, key: dict[str, str]
) -> None:
    content = package(network, SENDER, ["H28.31"], folder=tmp_path)
    before = await network.quiet(SENDER)

    answers = await asyncio.gather(*(network.submit(SENDER, content, **key) for _ in range(8)))
    late = await network.submit(SENDER, content, **key)

    assert {one.status_code for one in answers} == {201}
    assert {one.content for one in (*answers, late)} == {answers[0].content}
    assert [one.headers.get("idempotency-replayed") for one in answers].count(None) == 1
    assert late.headers["idempotency-replayed"] == "true"
    after = await network.quiet(SENDER)
    assert (after["documents"], after["submissions"]) == (before["documents"] + 1, before["submissions"] + 1)


async def test_eight_at_once_that_the_platform_signs_are_one_submission_though_each_would_be_signed_anew(
    network: WholeNetwork, tmp_path: Path
) -> None:
    header = header_for(network, SENDER, ["H28.31"]).model_dump(mode="json", by_alias=True, exclude_none=True)
    body = multipart(header, [letter_file(tmp_path)])
    content = await whole(body)
    headers = {"Content-Type": body.content_type, "Idempotency-Key": "van-ban-3"}

    answers = await asyncio.gather(
        *(network.call(SENDER, "POST", "/v1/documents", content=content, headers=headers) for _ in range(8))
    )
    late = await network.call(SENDER, "POST", "/v1/documents", content=content, headers=headers)

    assert {one.status_code for one in answers} == {201}
    assert {one.content for one in (*answers, late)} == {answers[0].content}


@pytest.mark.parametrize("part", [0, 0.5, 0.99])
@pytest.mark.parametrize("media_type", [EDXML, "multipart/form-data; boundary=x"])
async def test_a_connection_that_breaks_in_the_middle_leaves_nothing(
    network: WholeNetwork, tmp_path: Path, *, part: float, media_type: str
) -> None:
    content = package(network, SENDER, ["H28.31"], folder=tmp_path)
    before = await network.quiet(SENDER)

    async with raw_post(network, media_type=media_type, length=len(content)) as (_, writer):
        writer.write(content[: int(len(content) * part)])
        await writer.drain()
        await asyncio.sleep(0.1)

    assert await network.quiet(SENDER) == before


@pytest.mark.parametrize("media_type", [EDXML, ASICE, "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("length", [2 * MAX_PACKAGE_BYTES, MAX_PACKAGE_BYTES + 1, 10**18])
async def test_a_declared_length_over_the_limit_is_refused_before_the_body(
    network: WholeNetwork, media_type: str, length: int
) -> None:
    """Not a byte of the body is sent, and the answer comes."""
    before = await network.quiet(SENDER)

    async with raw_post(network, media_type=media_type, length=length) as (reader, _), asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        problem = json.loads(await reader.readuntil(b"}"))

    assert head.startswith("http/1.1 413 ")
    assert "application/problem+json" in head
    assert (problem["code"], problem["limit_bytes"]) == ("package-too-large", MAX_PACKAGE_BYTES)
    assert await network.holdings(SENDER) == before


async def test_a_signed_package_whose_file_was_changed_is_refused_with_the_report(
    network: WholeNetwork, tmp_path: Path
) -> None:
    good = package(network, SENDER, ["H28.31"], folder=tmp_path, signed=True)
    old = base64.b64encode((tmp_path / PDF_NAME).read_bytes())
    new = base64.b64encode((tmp_path / PDF_NAME).read_bytes().replace(b"%%EOF", b"%%EoF"))
    assert old != new
    assert old in good
    before = await network.quiet(SENDER)

    answer = await network.submit(SENDER, good.replace(old, new))

    problem = assert_problem(answer, 422, "signature-invalid", hop=SENDER)
    assert problem["report"]["indication"] == "TOTAL-FAILED"
    assert problem["report"]["package"] == "invalid"
    failed = [check for one in problem["report"]["signatures"] for check in one["checks"] if check["passed"] is False]
    assert failed, problem["report"]
    assert await network.holdings(SENDER) == before
    assert (await network.submit(SENDER, good)).json()["signatures"]["package"] == "valid"


@pytest.mark.parametrize(
    "media_type",
    ["application/jsonx", "text/xml", "application/xml", "application/octet-stream", "", "garbage", "a/b" * 1000],
)
async def test_an_unsupported_media_type_is_refused(network: WholeNetwork, media_type: str) -> None:
    answer = await network.submit(SENDER, b"<edXML/>", media_type=media_type)

    problem = assert_problem(answer, 400, "unsupported-media-type", hop=SENDER)
    assert EDXML in problem["accepted"]


@pytest.mark.parametrize(
    "key", ["Khóa".encode(), "Khóa".encode("latin-1", "replace") + b"\xf3", b"k" * 10_240, b"", b"\xff\xfe"]
)
async def test_an_odd_key_is_refused(network: WholeNetwork, tmp_path: Path, key: bytes) -> None:
    answer = await network.submit(SENDER, package(network, SENDER, ["H28.31"], folder=tmp_path), Idempotency_Key=key)

    assert_problem(answer, 400, "idempotency-key-invalid", hop=SENDER)


@pytest.mark.parametrize("media_type", [EDXML, ASICE, "multipart/form-data", "multipart/form-data; boundary=x"])
async def test_garbage_is_refused_whatever_it_is_called(network: WholeNetwork, media_type: str) -> None:
    before = await network.quiet(SENDER)

    for content in (b"", b"\x00" * 100, b"\xff\xfe<\x00", b"PK\x03\x04garbage", b"<", b"<edXML"):
        answer = await network.submit(SENDER, content, media_type=media_type)
        assert_problem(answer, 400, answer.json()["code"], hop=SENDER)

    assert await network.holdings(SENDER) == before


async def test_a_container_arrives_and_verifies(network: WholeNetwork, tmp_path: Path) -> None:
    message, out = tmp_path / "message.edxml", tmp_path / "out.asice"
    message.write_bytes(package(network, SENDER, ["H28.31.05"], folder=tmp_path))
    with out.open("w+b") as target:
        files = [ContainerFile(name="van-ban.edxml", path=message, media_type=EDXML)]
        build_container(files, target, key=key_of(network, SENDER), at=datetime.now(UTC))

    answer = await network.submit(SENDER, out.read_bytes(), media_type=ASICE)

    assert answer.status_code == 201, answer.text
    document = await arrived_verified(network, "H28.31.05", answer)
    path = f"/v1/documents/{document['id']}"
    download = await network.call("H28.31.05", "GET", f"{path}/package")
    attachment = await network.call("H28.31.05", "GET", f"{path}/attachments/1")
    assert (download.content, download.headers["content-type"]) == (out.read_bytes(), ASICE)
    assert attachment.content == (tmp_path / PDF_NAME).read_bytes()


@pytest.mark.parametrize("sign", [True, False])
async def test_a_header_with_files_arrives_and_verifies(network: WholeNetwork, tmp_path: Path, *, sign: bool) -> None:
    header = header_for(network, SENDER, ["H28.31.05"]).model_dump(mode="json", by_alias=True, exclude_none=True)
    body = multipart(header, [letter_file(tmp_path)])
    content = await whole(body)

    query = "" if sign else "?sign=false"
    headers = {"Content-Type": body.content_type}
    answer = await network.call(SENDER, "POST", f"/v1/documents{query}", content=content, headers=headers)

    assert answer.status_code == 201, answer.text
    document = await arrived_verified(network, "H28.31.05", answer, signed=sign)
    attachment = await network.call("H28.31.05", "GET", f"/v1/documents/{document['id']}/attachments/1")
    assert (document["attachments"][0]["name"], attachment.content) == (PDF_NAME, (tmp_path / PDF_NAME).read_bytes())


async def test_a_changed_container_is_refused(network: WholeNetwork, tmp_path: Path) -> None:
    message, out = tmp_path / "message.edxml", tmp_path / "out.asice"
    message.write_bytes(package(network, SENDER, ["H28.31"], folder=tmp_path))
    files = [ContainerFile(name="van-ban.edxml", path=message, media_type=EDXML)]
    with out.open("w+b") as target:
        build_container(files, target, key=key_of(network, SENDER), at=datetime.now(UTC))
    before = await network.quiet(SENDER)

    answer = await network.submit(SENDER, out.read_bytes().replace("thử".encode(), "giả".encode()), media_type=ASICE)

    assert answer.json()["code"] in {"signature-invalid", "edxml-zip-damaged", "edxml-asice-invalid"}, answer.text
    assert_problem(answer, answer.status_code, answer.json()["code"], hop=SENDER)
    assert answer.status_code in {400, 422}
    assert await network.holdings(SENDER) == before


@asynccontextmanager
async def raw_post(
    network: WholeNetwork, *, media_type: str, length: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which a submission's head was sent, and nothing of its body."""
    url = httpx.URL(network.url(SENDER))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    lines = (
        f"POST {url.path}/v1/documents HTTP/1.1",
        f"Host: {url.host}:{url.port}",
        f"Authorization: Bearer {await network.token(SENDER)}",
        f"Content-Type: {media_type}",
        f"Content-Length: {length}",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def arrived_verified(
    network: WholeNetwork, agency: str, answer: httpx.Response, *, signed: bool = True
) -> dict[str, Any]:
    """The document as the recipient's node, which validated it anew, shows it."""
    await network.arrived(agency, answer.json()["id"])
    document: dict[str, Any] = (await network.call(agency, "GET", f"/v1/documents/{answer.json()['id']}")).json()
    expected = (
        {"indication": "TOTAL-PASSED", "package": "valid"} if signed else {"indication": None, "package": "absent"}
    )
    assert document["signatures"] == answer.json()["signatures"] == expected
    return document


async def whole(body: Body) -> bytes:
    """All the bytes of a body."""
    return b"".join([piece async for piece in body.stream()])
