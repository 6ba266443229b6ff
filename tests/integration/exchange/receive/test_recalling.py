"""POST /v1/documents/{id}/recall, /update and /replace: the sender's side, at its own node."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from lienthong.exchange.storage.schema import documents, outbox
from lienthong.shared.contracts.envelope import Envelope
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import BusinessType, DocumentHeader
from lienthong.shared.signatures.seals import claimed_payload
from tests.integration.exchange.carry.tree import header_of
from tests.integration.exchange.receive.asking import answer, outcome, read, waiting
from tests.integration.exchange.receive.receiving_node import Arrived, Letter, ReceivingNode

SENT = Letter(sender="H28.31", to=("H28.31.02",), elsewhere=("H28.31.05",), sender_document_id="H28.31,1,181")
REASON = {"reason": "Gửi nhầm phụ lục"}


async def recall(node: ReceivingNode, sent: Arrived, caller: str = "H28.31", **changes: Any) -> httpx.Response:
    headers = changes.pop("headers", None)
    async with node.client(caller) as client:
        path = f"/v1/documents/{sent.document}/recall?sign=false"
        return await client.post(path, json={**REASON, **changes}, headers=headers)


async def amend(node: ReceivingNode, sent: Arrived, how: str, header: DocumentHeader) -> httpx.Response:
    """A multipart update or replacement."""
    body = header.model_dump_json(by_alias=True, exclude_none=True)
    parts: Any = {"header": (None, body, "application/json"), "file": ("a.pdf", b"%PDF-1.7 new", "application/pdf")}
    async with node.client("H28.31") as client:
        return await client.post(f"/v1/documents/{sent.document}/{how}?sign=false", files=parts)


async def states(node: ReceivingNode, sent: Arrived) -> dict[str, tuple[str, str, list[str]]]:
    """Per recipient: transport, reason, what came of what was asked."""
    return {
        one["code"]: (
            one["transport_status"],
            one["transport_reason"],
            [asked["state"] for asked in one["amendments"]],
        )
        for one in (await read(node, sent.document))["deliveries"]
    }


async def test_a_recall_takes_effect_here_and_asks_elsewhere(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)

    asked = await recall(node, sent)

    assert asked.status_code == 201, asked.text
    assert await states(node, sent) == {
        "H28.31.02": ("fail", "recalled", ["effective"]),
        "H28.31.05": ("initial", "", ["asked"]),
    }
    package = await read(node, asked.json()["id"])
    assert (package["business_type"], package["header"]["business"]["reason"]) == (1, REASON["reason"])
    assert package["sender_document_id"] == SENT.sender_document_id
    assert {one["code"]: one["state"] for one in package["amends"]} == {"H28.31.02": "effective", "H28.31.05": "asked"}
    async with node.factory.database.read() as connection:
        [row] = (await connection.execute(select(outbox))).all()
    envelope = Envelope.model_validate_json(claimed_payload(row.envelope))
    assert (row.destination, envelope.document.amends) == ("H28.31.05", (sent.document,))


async def test_a_repeated_recall_gets_the_same_answer(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)

    first, again = [await recall(node, sent, headers={"Idempotency-Key": "lan-1"}) for _ in range(2)]
    other = await recall(node, sent, headers={"Idempotency-Key": "lan-1"}, reason="khác")

    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len((await states(node, sent))["H28.31.05"][2]) == 1


async def test_a_recall_can_be_from_some_recipients_only(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)

    refused = await recall(node, sent, recipients=["H28.31.02", "H28", "nobody"])
    asked = await recall(node, sent, recipients=["H28.31.05"])

    assert (refused.status_code, refused.json()["code"]) == (400, "recall-recipient-unknown")
    assert refused.json()["recipients"] == ["H28", "nobody"]
    assert asked.status_code == 201
    assert (await states(node, sent))["H28.31.02"] == ("initial", "", [])


async def test_a_recipient_cannot_take_back_what_it_received(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    refused = await recall(node, arrived)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-the-sender")
    assert await outcome(node, arrived.document) == ("initial", "", [])


async def test_a_recipient_cannot_take_it_back_with_a_package_of_its_own_either(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(sender_document_id="H28.31,2026/03/02,181/KH-UBND"))
    header = header_of("H28.31", ["H28.31.02"])
    forged = header.model_copy(
        update={"business": header.business.model_copy(update={"business_type": BusinessType.RECALL})}
    )
    parts: Any = {"header": (None, forged.model_dump_json(by_alias=True, exclude_none=True), "application/json")}

    async with node.client() as client:
        refused = await client.post("/v1/documents?sign=false", files=parts)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-the-sender")
    assert await outcome(node, arrived.document) == ("initial", "", [])


@pytest.mark.parametrize("how", ["recall", "update", "replace"])
async def test_a_stranger_does_not_learn_that_there_is_a_document(node: ReceivingNode, how: str) -> None:
    sent = await node.receive(SENT)

    async with node.client("H28.31.01") as client:
        answered = await client.post(f"/v1/documents/{sent.document}/{how}", json=REASON)

    assert (answered.status_code, answered.json()["code"]) == (404, "document-not-found")


async def test_a_recall_is_not_taken_back(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)
    asked = (await recall(node, sent)).json()["id"]

    refused = await recall(node, Arrived(document=asked, package=b""))

    assert (refused.status_code, refused.json()["code"]) == (400, "not-amendable")


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x" * 1001}, {"reason": "x", "recipients": []}])
async def test_a_recall_says_why(node: ReceivingNode, body: dict[str, Any]) -> None:
    sent = await node.receive(SENT)

    async with node.client() as client:
        refused = await client.post(f"/v1/documents/{sent.document}/recall", json=body)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-request")


async def test_an_update_is_linked_to_the_document_that_it_updates(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)

    updated = await amend(node, sent, "update", header_of("H28.31", ["H28.31.02"]))

    assert updated.status_code == 201, updated.text
    package = await read(node, updated.json()["id"])
    assert package["header"]["business"]["document_id"] == SENT.sender_document_id
    assert (await states(node, sent))["H28.31.02"] == ("initial", "", ["asked"])
    assert await answer(node, updated.json()["id"], "15", agency="H28.31.02") == (201, "")
    assert (await states(node, sent))["H28.31.02"] == ("initial", "", ["agreed"])


async def test_a_replacement_takes_the_place_of_what_nobody_has_claimed(node: ReceivingNode) -> None:
    sent = await node.receive(SENT)

    replaced = await amend(node, sent, "replace", header_of("H28.31", ["H28.31.02", "H28.31.05"], number="190"))

    assert await states(node, sent) == {
        "H28.31.02": ("fail", "replaced", ["effective"]),
        "H28.31.05": ("initial", "", ["asked"]),
    }
    assert await waiting(node, "H28.31.02") == [replaced.json()["id"]]


async def test_a_package_that_speaks_of_another_document_is_refused(node: ReceivingNode) -> None:
    sent, other = await node.receive(SENT), await node.receive(Letter(sender="H28.31", sender_document_id="other"))
    update = await amend(node, other, "update", header_of("H28.31", ["H28.31.02"]))
    async with node.client() as client:
        package = (await client.get(f"/v1/documents/{update.json()['id']}/package")).content
        refused = [
            await client.post(f"/v1/documents/{sent.document}/{how}", content=package, headers={"Content-Type": EDXML})
            for how in ("update", "replace")
        ]

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(400, "amendment-mismatch")] * 2
    async with node.factory.database.read() as connection:
        assert len((await connection.execute(select(documents.c.id))).all()) == 3
