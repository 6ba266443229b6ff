"""Recalls and answers on the road between four nodes: both ends tell the same."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from lienthong.exchange.storage.schema import deliveries
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import Tree, eventually, letter

REASON = {"reason": "Gửi nhầm phụ lục"}


async def send(tree: Tree, *to: str) -> str:
    """The commune writes; the document's id."""
    answer = await tree.submit("H28.31.05", letter("H28.31.05", to, folder=tree.folder))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def recall(tree: Tree, document: str, agency: str = "H28.31.05") -> httpx.Response:
    async with tree.client(agency) as client:
        return await client.post(f"/v1/documents/{document}/recall?sign=false", json=REASON)


async def read(tree: Tree, agency: str, document: str) -> dict[str, Any]:
    async with tree.client(agency) as client:
        answer = await client.get(f"/v1/documents/{document}")
    return dict(answer.json()) if answer.is_success else {}


async def stands(tree: Tree, agency: str, document: str, recipient: str) -> tuple[str, str, list[str]]:
    """How the delivery to ``recipient`` stands, as ``agency`` sees it."""
    for one in (await read(tree, agency, document)).get("deliveries", []):
        if one["code"] == recipient:
            return one["transport_status"], one["transport_reason"], [asked["state"] for asked in one["amendments"]]
    return "", "", []


async def both_see(tree: Tree, document: str, recipient: str, expected: tuple[str, str, list[str]]) -> None:
    await eventually(_is(lambda: stands(tree, recipient, document, recipient), expected))
    await eventually(_is(lambda: stands(tree, "H28.31.05", document, recipient), expected))


def _is(look: Callable[[], Awaitable[object]], expected: object) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await look() == expected

    return check


async def take(tree: Tree, agency: str, document: str) -> None:
    """The agency claims what waits and acknowledges the one document."""
    async with tree.client(agency) as client:
        for one in (await client.post("/v1/inbox/claims", json={"limit": 100})).json()["claims"]:
            if one["document"]["id"] == document:
                body = {"lease_token": one["lease_token"], "result": "done"}
                (
                    await client.post(f"/v1/deliveries/{one['delivery_id']}/acknowledgement", json=body)
                ).raise_for_status()


async def answer(tree: Tree, agency: str, document: str, code: str) -> None:
    async with tree.client(agency) as client:
        said = {"code": code, "description": "Đã xem xét"}
        (await client.post(f"/v1/documents/{document}/statuses", json=said)).raise_for_status()


async def test_a_recall_takes_back_what_nobody_has_claimed_and_asks_for_what_was_taken(tree: Tree) -> None:
    tree.start()
    document = await send(tree, "G22", "H28")
    await eventually(lambda: read(tree, "G22", document))
    await eventually(lambda: read(tree, "H28", document))
    await take(tree, "H28", document)

    asked = (await recall(tree, document)).json()["id"]

    await both_see(tree, document, "G22", ("fail", "recalled", ["effective"]))
    await both_see(tree, document, "H28", ("done", "", ["asked"]))
    await answer(tree, "H28", asked, "16")
    await both_see(tree, document, "H28", ("done", "", ["refused"]))
    again = (await recall(tree, document)).json()
    assert again["id"] == asked  # the same words without a key are the same request


async def test_a_refused_recall_that_is_asked_again_can_be_agreed_to(tree: Tree) -> None:
    tree.start()
    document = await send(tree, "H28")
    await eventually(lambda: read(tree, "H28", document))
    await take(tree, "H28", document)
    for key, code in (("1", "16"), ("2", "15")):
        async with tree.client("H28.31.05") as client:
            path, headers = f"/v1/documents/{document}/recall?sign=false", {"Idempotency-Key": key}
            asked = (await client.post(path, json=REASON, headers=headers)).json()["id"]
        await eventually(lambda one=asked: read(tree, "H28", one))  # type: ignore[misc]
        await answer(tree, "H28", document, code)

    await both_see(tree, document, "H28", ("done", "", ["refused", "agreed"]))


async def test_an_agreement_ends_what_somebody_holds_at_both_ends(tree: Tree) -> None:
    tree.start()
    document = await send(tree, "G22")
    await eventually(lambda: read(tree, "G22", document))
    async with tree.client("G22") as client:
        assert len((await client.post("/v1/inbox/claims", json={})).json()["claims"]) == 1
    asked = (await recall(tree, document)).json()["id"]
    await eventually(lambda: read(tree, "G22", asked))

    await answer(tree, "G22", asked, "15")

    await both_see(tree, document, "G22", ("fail", "recalled", ["agreed"]))


async def test_a_recall_that_overtakes_its_document_on_the_road_waits_for_it(tree: Tree) -> None:
    answered = await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    document = str(answered.json()["id"])
    late = await waiting_message(tree["H28"])
    async with tree["H28"].factory.database.begin() as connection:
        await connection.exec_driver_sql("delete from outbox")
    async with tree.client("H28") as client:
        await client.post(f"/v1/documents/{document}/recall?sign=false", json=REASON)
    early = await waiting_message(tree["H28"])
    tree["G22"].start()

    await published(tree, early, by="H28")
    await published(tree, late, by="H28")

    [row] = [one for one in await tree["G22"].rows(deliveries) if one["document_id"] == document]
    assert (row["transport_status"], row["transport_reason"]) == ("fail", "recalled")
    tree["H28"].start()
    await eventually(_is(lambda: stands(tree, "H28", document, "G22"), ("fail", "recalled", ["effective"])))


async def test_a_recipient_cannot_take_back_a_document_on_the_road(tree: Tree) -> None:
    tree.start()
    document = await send(tree, "G22")
    await eventually(lambda: read(tree, "G22", document))

    refused = await recall(tree, document, "G22")

    assert (refused.status_code, refused.json()["code"]) == (403, "not-the-sender")
    assert await stands(tree, "G22", document, "G22") == ("initial", "", [])
