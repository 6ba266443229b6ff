from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from lienthong.exchange.storage.schema import documents, outbox
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.tokens import Scope
from tests.integration.exchange.receive.receiving_node import Arrived, Letter, ReceivingNode


async def post(
    node: ReceivingNode,
    arrived: Arrived,
    code: str,
    *,
    caller: str = "H28.31",
    headers: dict[str, str] | None = None,
    **said: Any,
) -> httpx.Response:
    async with node.client(caller) as client:
        return await client.post(
            f"/v1/documents/{arrived.document}/statuses", json={"code": code, **said}, headers=headers
        )


async def standing(node: ReceivingNode, arrived: Arrived, *, reader: str = "H28.31") -> str | None:
    async with node.client(reader) as client:
        answer = (await client.get(f"/v1/documents/{arrived.document}")).json()
    status: str | None = answer["deliveries"][0]["business_status"]
    return status


async def test_an_answer_is_a_package_on_its_way_to_the_sender_and_counts_here_at_once(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    answer = await post(node, arrived, "03", description="Đã vào sổ", staff={"staff": "Cán Bộ Thử"})

    assert answer.status_code == 201, answer.text
    assert answer.json()["kind"] == "status"
    assert [(one["code"], one["outcome"]) for one in answer.json()["recipients"]] == [("H28", "accepted")]
    async with node.client() as client:
        status = (await client.get(answer.headers["location"])).json()
    assert status["header"]["status_code"] == "03"
    assert status["header"]["from"]["organ_name"] == "UBND huyện Mai Châu"
    assert status["header"]["response_for"]["document_id"] == Letter().sender_document_id
    assert status["header"]["staff_info"]["staff"] == "Cán Bộ Thử"
    assert await standing(node, arrived) == "03"
    async with node.factory.database.read() as connection:
        assert (await connection.execute(select(outbox.c.destination))).scalars().all() == ["H28"]
        replies_to = select(documents.c.replies_to).where(documents.c.id == answer.json()["id"])
        assert (await connection.execute(replies_to)).scalar_one() == arrived.document


async def test_an_answer_to_a_sender_of_this_node_lands_in_its_inbox(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(sender="H28.31.01", to=("H28.31.02",)))

    await post(node, arrived, "02", caller="H28.31.02", description="Gửi nhầm đơn vị")

    async with node.client("H28.31.01") as client:
        [item] = (await client.get("/v1/inbox", params={"kind": "status"})).json()["items"]
        timeline = (await client.get(f"/v1/documents/{arrived.document}/timeline")).json()["items"]
    assert item["document"]["sender"]["code"] == "H28.31.02"
    assert [one["status"]["description"] for one in timeline if one["status"]] == ["Gửi nhầm đơn vị"]
    assert await standing(node, arrived, reader="H28.31.01") == "02"


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "lan-1"}])
async def test_the_same_answer_again_is_answered_as_before(node: ReceivingNode, headers: dict[str, str]) -> None:
    arrived = await node.receive(Letter())

    first = await post(node, arrived, "05", headers=headers)
    node.clock.pass_by(5)
    again = await post(node, arrived, "05", headers=headers)

    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    async with node.factory.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(documents))).scalar_one() == 2


async def test_a_key_is_for_one_answer(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await post(node, arrived, "03", headers={"Idempotency-Key": "lan-1"})

    refused = await post(node, arrived, "05", headers={"Idempotency-Key": "lan-1"})

    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency-key-reused")
    assert await standing(node, arrived) == "03"


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"code": "13"}, 400, "status-code-not-allowed"),
        ({"code": "15"}, 409, "nothing-asked"),
        ({"code": "16"}, 400, "refusal-without-reason"),
        ({"code": "07"}, 400, "invalid-request"),
        ({"code": "02"}, 400, "refusal-without-reason"),
        ({"code": "02", "description": "x" * 1001}, 400, "invalid-request"),
        ({"code": "03", "description": "\x00"}, 400, "invalid-request"),
        ({"code": "03", "staff": {"staff": "a\x01"}}, 400, "invalid-request"),
        ({"code": "03", "agency": "H28.31.02"}, 403, "sender-not-allowed"),
        ({"code": "03", "agency": "H28.31.01"}, 404, "document-not-found"),
    ],
)
async def test_an_answer_that_cannot_be_given_leaves_nothing(
    node: ReceivingNode, said: dict[str, Any], status: int, code: str
) -> None:
    arrived = await node.receive(Letter())

    refused = await post(node, arrived, **said)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await standing(node, arrived) is None
    assert list(node.factory.settings.spool_dir.iterdir()) == []


async def test_a_sender_does_not_answer_its_own_document(node: ReceivingNode) -> None:
    sent = await node.receive(Letter(sender="H28.31", to=("H28.31.02",)))

    refused = await post(node, sent, "06")

    assert (refused.status_code, refused.json()["code"]) == (403, "not-a-recipient")


async def test_a_delegate_answers_for_its_principal(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(to=("H28.31.01",)))

    assert (await post(node, arrived, "01", agency="H28.31.01")).status_code == 201

    assert await standing(node, arrived, reader="H28.31.01") == "01"


async def test_answering_needs_its_scope(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(kind=DocumentKind.DOCUMENT))

    async with node.client(scopes=[Scope.DOCUMENTS_READ, Scope.INBOX]) as client:
        refused = await client.post(f"/v1/documents/{arrived.document}/statuses", json={"code": "03"})

    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
