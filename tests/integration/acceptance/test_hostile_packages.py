"""Packages and drafts with odd values in every place: taken or refused with a problem, on PostgreSQL, never a crash."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from typing import Final

import httpx
import pytest
from lxml import etree

from tests.integration.acceptance.full_package import full_package
from tests.integration.acceptance.letters import header_for
from tests.integration.acceptance.operations import spoilt_bodies
from tests.integration.acceptance.test_hostile_input import failures
from tests.integration.acceptance.whole_network import DATA, PATIENCE_S, WholeNetwork

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENDER: Final = "H28"
NEVER_ODD: Final = ("ContentTransferEncoded", "ContentId")
DECISIVE: Final = (
    *("OrganId", "DocumentId", "CodeNumber", "CodeNotation", "Subject", "Priority", "Code", "BussinessDocType"),
    *("StatusCode", "Description", "AttachmentName", "PromulgationDate", "ContentType"),
)
ODD_TEXTS: Final = ("💥" + "x" * 60_000, "-" + "9" * 18)
FILE_NAMES: Final = (
    b"a\x00b.pdf",
    b"../../../etc/passwd",
    b"C:\\con.pdf",
    b"x" * 4_000,
    b"\xff\xfe.pdf",
    b".",
    b"",
    "văn bản.pdf".encode(),
    b"\xed\xa0\x80.pdf",
    b"a%0d%0ab.pdf",
    b"a;b=c.pdf",
)
BOUNDARY: Final = "ranh-gioi"


def spoilt_packages(package: bytes) -> Iterator[bytes]:
    """The package with odd texts: one at a time where it has columns or decides something, the others all at once."""
    root = etree.fromstring(package)
    texts = [element for element in root.iter(etree.Element) if not len(element) and _name(element) not in NEVER_ODD]
    single = [[element] for element in texts if _name(element) in DECISIVE]
    for elements in (*single, [element for element in texts if _name(element) not in DECISIVE]):
        for odd in ODD_TEXTS:
            before = [element.text for element in elements]
            for element in elements:
                element.text = odd
            yield etree.tostring(root, xml_declaration=True, encoding="UTF-8")
            for element, text in zip(elements, before, strict=True):
                element.text = text


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


@pytest.mark.parametrize(
    ("sender", "recipient", "path"), [("H28", "H28.31.05", None), ("H28.31", "H28", "status/03.edxml")]
)
async def test_no_text_in_a_package_breaks_a_node(
    postgres_network: WholeNetwork, sender: str, recipient: str, path: str | None
) -> None:
    """What the first node takes, the others carry and the last one stores."""
    package = full_package() if path is None else (DATA / path).read_bytes()

    sends = [partial(postgres_network.submit, sender, one) for one in spoilt_packages(package)]

    assert await failures(sends) == []
    accepted = [answer for send in sends if (answer := await send()).status_code == 201]
    assert accepted
    wanted = {one.json()["id"] for one in accepted if recipient in {to["code"] for to in one.json()["recipients"]}}
    async with asyncio.timeout(PATIENCE_S):
        while not wanted <= {line["document"]["id"] async for line in postgres_network.inbox(recipient)}:
            await asyncio.sleep(0.1)


async def test_no_header_breaks_the_making_of_a_package(postgres_network: WholeNetwork) -> None:
    good = header_for(postgres_network, SENDER, ["H28.31"]).model_dump(mode="json", by_alias=True, exclude_none=True)
    header = {
        name: good[name] for name in ("to", "document_id", "code", "promulgation_info", "document_type", "subject")
    }

    unspoilt = {**header, "from": {"organ_id": SENDER, "organ_name": "UBND tỉnh Hòa Bình"}}
    sends = [partial(draft, postgres_network, one, b"thu.pdf") for one in spoilt_bodies(unspoilt)]

    assert await failures(sends) == []
    assert (await draft(postgres_network, json.dumps(unspoilt).encode(), b"thu.pdf")).status_code == 201


async def test_no_file_name_breaks_the_making_of_a_package(postgres_network: WholeNetwork) -> None:
    header = header_for(postgres_network, SENDER, ["H28.31"]).model_dump(mode="json", by_alias=True, exclude_none=True)

    sends = [partial(draft, postgres_network, json.dumps(header).encode(), name) for name in FILE_NAMES]

    assert await failures(sends) == []
    assert (await draft(postgres_network, json.dumps(header).encode(), b"thu.pdf")).status_code == 201


async def test_a_text_too_long_for_lists_is_whole_in_the_document(postgres_network: WholeNetwork) -> None:
    number = "7" * 5_000
    package = full_package().replace(b"CodeNumber>CodeNumber", b"CodeNumber>" + number.encode())

    answer = await postgres_network.submit(SENDER, package)
    line = await postgres_network.arrived("H28.31", answer.json()["id"])
    document = (await postgres_network.call("H28.31", "GET", f"/v1/documents/{answer.json()['id']}")).json()

    assert len(line["document"]["notation"]) == 200
    assert document["header"]["code"]["code_number"].startswith(number)


async def draft(network: WholeNetwork, header: bytes, name: bytes) -> httpx.Response:
    """Submits a header and one file as they are, byte for byte, unsigned."""
    mark = f"--{BOUNDARY}".encode()
    disposition = b"Content-Disposition: form-data; name="
    content = b"\r\n".join(
        (
            *(mark, disposition + b'"header"', b"Content-Type: application/json", b"", header),
            *(mark, disposition + b'"file"; filename="' + name + b'"', b"Content-Type: application/pdf", b""),
            *(b"%PDF-1.7 x", mark + b"--", b""),
        )
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await network.call(SENDER, "POST", "/v1/documents?sign=false", content=content, headers=headers)
