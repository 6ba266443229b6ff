"""All sample packages are accepted, come out byte for byte, and every field is readable over REST."""

import asyncio
import base64
import io
import zipfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from lxml import etree

from tests.integration.acceptance.fields import DOCUMENT, MANIFEST, TRACE, at, stated
from tests.integration.acceptance.full_package import full_package
from tests.integration.acceptance.whole_network import DATA, WholeNetwork

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES: Final = sorted(path for folder in ("java", "dotnet", "status") for path in (DATA / folder).glob("*.edxml"))
AGENCIES: Final = {
    "000.00.00.G22": "G22",
    "000.00.00.H28": "H28",
    "000.00.31.H28": "H28.31",
    "000.05.31.H28": "H28.31.05",
}
"""Old code, as the samples have it, to the code of the directory."""
Taken = dict[Path, dict[str, Any]]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def parties(package: bytes) -> tuple[str, list[str]]:
    """Sender and recipients: of a status, who gets the answer."""
    root = etree.fromstring(package)
    [sender] = root.findall(".//{*}From/{*}OrganId")
    addressed = root.findall(".//{*}To/{*}OrganId")
    if not addressed:
        addressed = root.findall(".//{*}MessageHeader/{*}ResponseFor/{*}OrganId")
    return AGENCIES[str(sender.text)], [AGENCIES[str(one.text)] for one in addressed]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def taken(network: WholeNetwork) -> Taken:
    """Each sample with the answer to its submission by its sender; all are on their way at once."""

    async def submit(path: Path) -> dict[str, Any]:
        package = path.read_bytes()
        answer = await network.submit(parties(package)[0], package)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return dict(zip(FILES, await asyncio.gather(*map(submit, FILES)), strict=True))


async def test_every_sample_is_here() -> None:
    assert [len(list((DATA / folder).glob("*"))) for folder in ("java", "dotnet", "status")] == [7, 1, 9]


@each_file
async def test_a_sample_reaches_every_recipient_byte_for_byte(network: WholeNetwork, taken: Taken, path: Path) -> None:
    package, submission = path.read_bytes(), taken[path]
    sender, recipients = parties(package)

    assert [(one["code"], one["outcome"]) for one in submission["recipients"]] == [(r, "accepted") for r in recipients]
    for agency in recipients:
        delivery = await network.known(agency, submission["id"])
        taken_back = delivery["transport_reason"] in {"recalled", "replaced"}  # by the samples that ask for it
        assert taken_back or delivery["transport_status"] == "initial"
    for agency in {sender, *recipients}:
        download = await network.call(agency, "GET", f"/v1/documents/{submission['id']}/package")
        assert (download.content, download.headers["content-type"]) == (package, "application/edxml+xml")


@each_file
async def test_every_field_of_a_sample_is_readable_at_both_ends(
    network: WholeNetwork, taken: Taken, path: Path
) -> None:
    package, submission = path.read_bytes(), taken[path]
    sender, recipients = parties(package)
    await network.known(recipients[-1], submission["id"])

    for agency in (sender, recipients[-1]):
        answer = (await network.call(agency, "GET", f"/v1/documents/{submission['id']}")).json()
        wrong = [
            (element, place, text, at(answer, place))
            for element, place, text in stated(package)
            if at(answer, place) != text
        ]
        assert wrong == []
        assert answer["unknown_elements"] == []


@each_file
async def test_attachments_come_out_with_name_type_and_bytes(network: WholeNetwork, taken: Taken, path: Path) -> None:
    package, submission = path.read_bytes(), taken[path]
    recipient = parties(package)[1][-1]
    await network.known(recipient, submission["id"])
    document = (await network.call(recipient, "GET", f"/v1/documents/{submission['id']}")).json()

    wanted = attachments(package)

    assert len(document["attachments"]) == len(wanted)
    for n, (name, content_type, content) in enumerate(wanted, 1):
        got = await network.call(recipient, "GET", f"/v1/documents/{submission['id']}/attachments/{n}")
        assert (got.content, got.headers["content-type"]) == (content, content_type)
        assert f"filename*=UTF-8''{quote(name)}" in got.headers["content-disposition"]
    beyond = await network.call(recipient, "GET", f"/v1/documents/{submission['id']}/attachments/{len(wanted) + 1}")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "attachment-not-found")


async def test_every_field_of_the_standard_is_readable(network: WholeNetwork) -> None:
    package = full_package()
    answer = await network.submit("H28", package)
    assert answer.status_code == 201, answer.text
    await network.arrived("H28.31.05", answer.json()["id"])

    document = (await network.call("H28.31.05", "GET", f"/v1/documents/{answer.json()['id']}")).json()

    said = list(stated(package))
    assert [(element, place, text) for element, place, text in said if at(document, place) != text] == []
    assert {element for element, _, _ in said} >= {*DOCUMENT, *TRACE, *MANIFEST}
    assert (document["unknown_elements"], document["warnings"]) == ([], ["code-form-unknown"])


def attachments(package: bytes) -> list[tuple[str, str, bytes]]:
    """Name, type and bytes of each attachment, decoded with the standard library: a wrapper holds one file."""
    found = []
    for element in etree.fromstring(package).findall(".//{*}AttachmentEncoded/{*}Attachment"):
        name, encoded = (str(element.findtext(f"{{*}}{one}")) for one in ("AttachmentName", "ContentTransferEncoded"))
        content = base64.b64decode(encoded)
        if zipfile.is_zipfile(io.BytesIO(content)) and not name.endswith((".zip", ".docx", ".xlsx")):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                [entry] = archive.namelist()
                content = archive.read(entry)
        found.append((name, _type(content), content))
    return found


def _type(content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    assert content.startswith(b"PK\x03\x04"), content[:20]
    return "application/zip"
