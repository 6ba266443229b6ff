import base64
import hashlib

import pytest

from lienthong.shared.contracts.tokens import Scope
from tests.integration.exchange.receive.receiving_node import PDF, Letter, ReceivingNode


async def test_the_recipient_reads_everything_that_the_package_says(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(to=("H28.31", "H28.31.02")))

    async with node.client() as client:
        answer = (await client.get(f"/v1/documents/{arrived.document}")).json()

    assert answer["origin"] == "H28"
    assert answer["header"]["from"]["organ_id"] == "H28"
    assert answer["header"]["code"] == {"code_number": "181", "code_notation": "KH-UBND"}
    assert answer["attachments"][0]["name"] == "Kế hoạch số 181.pdf"
    assert answer["report"]["indication"] == "TOTAL-PASSED"
    assert [one["code"] for one in answer["deliveries"]] == ["H28.31"]


async def test_the_sender_sees_every_delivery(node: ReceivingNode) -> None:
    sent = await node.receive(Letter(sender="H28.31", to=("H28.31.02",), elsewhere=("H28.31.05",)))

    async with node.client() as client:
        answer = (await client.get(f"/v1/documents/{sent.document}")).json()

    assert {one["code"]: one["name"] for one in answer["deliveries"]} == {
        "H28.31.02": "Phòng Tài chính huyện Mai Châu",
        "H28.31.05": "UBND xã Hang Kia",
    }


@pytest.mark.parametrize("what", ["", "/package", "/attachments/1", "/timeline"])
async def test_another_agency_s_document_is_answered_like_one_that_does_not_exist(
    node: ReceivingNode, what: str
) -> None:
    arrived = await node.receive(Letter())
    missing = "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11"

    async with node.client("H28.31.02") as client:
        answers = [await client.get(f"/v1/documents/{one}{what}") for one in (arrived.document, missing, "nonsense")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "document-not-found")] * 3
    assert len({one.json()["detail"] for one in answers}) == 1


async def test_the_list_of_what_was_sent_is_paged_newest_first(node: ReceivingNode) -> None:
    sent = [await node.receive(Letter(sender="H28.31", to=("H28.31.02",))) for _ in range(3)]
    principal_s = await node.receive(Letter(sender="H28.31.01", to=("H28.31.02",)))
    await node.receive(Letter(sender="H28.31.02", to=("H28.31",)))

    async with node.client() as client:
        first = await client.get("/v1/documents", params={"limit": 3})
        second = await client.get(first.links["next"]["url"])
        narrowed = await client.get("/v1/documents", params={"agency": "H28.31.01"})

    assert [one["id"] for one in first.json()["items"]] == [principal_s.document, sent[2].document, sent[1].document]
    assert [one["id"] for one in second.json()["items"]] == [sent[0].document]
    assert second.json()["next"] is None
    assert [one["id"] for one in narrowed.json()["items"]] == [principal_s.document]


async def test_the_package_comes_byte_for_byte_with_its_digest_and_name(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    digest = hashlib.sha256(arrived.package)

    async with node.client() as client:
        answer = await client.get(f"/v1/documents/{arrived.document}/package")
        again = await client.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})

    assert answer.content == arrived.package
    assert answer.headers["content-type"] == "application/edxml+xml"
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''181-KH-UBND.edxml")
    assert (again.status_code, again.content) == (304, b"")


async def test_a_broken_download_goes_on_where_it_ended(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    address = f"/v1/documents/{arrived.document}/package"
    size = len(arrived.package)

    async with node.client() as client:
        first = await client.get(address, headers={"Range": "bytes=0-99"})
        rest = await client.get(address, headers={"Range": "bytes=100-", "If-Range": first.headers["etag"]})
        other = await client.get(address, headers={"Range": "bytes=100-", "If-Range": '"other"'})
        beyond = await client.get(address, headers={"Range": f"bytes={size}-"})

    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-99/{size}")
    assert first.content + rest.content == arrived.package
    assert (other.status_code, other.content) == (200, arrived.package)
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert (beyond.json()["code"], beyond.json()["status"]) == ("range-not-satisfiable", 416)


async def test_an_attachment_comes_decoded_under_its_own_name(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    async with node.client() as client:
        answer = await client.get(f"/v1/documents/{arrived.document}/attachments/1")
        missing = await client.get(f"/v1/documents/{arrived.document}/attachments/2")

    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="Ke hoach so 181.pdf"; '
        "filename*=UTF-8''K%E1%BA%BF%20ho%E1%BA%A1ch%20s%E1%BB%91%20181.pdf"
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "attachment-not-found")


async def test_a_lost_package_is_told_before_anything_is_promised(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    for blob in (node.directory / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()

    async with node.client() as client:
        answers = [
            await client.get(f"/v1/documents/{arrived.document}/{what}") for what in ("package", "attachments/1")
        ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "package-not-here")] * 2


async def test_reading_needs_its_scope(node: ReceivingNode) -> None:
    async with node.client(scopes=[Scope.INBOX]) as client:
        documents, inbox = await client.get("/v1/documents"), await client.get("/v1/inbox")

    assert (documents.status_code, documents.json()["code"]) == (403, "scope-missing")
    assert inbox.status_code == 200
