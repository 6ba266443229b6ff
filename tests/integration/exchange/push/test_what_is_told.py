"""Which agencies are told what, along a document's way."""

from lienthong.exchange.storage.schema import deliveries
from lienthong.shared.edxml.model import BusinessStatus
from tests.integration.exchange.carry.tree import Tree, eventually, letter, status_of
from tests.integration.exchange.push.feeds import feed

SENDER, RECIPIENT = "H28.31.05", "G22"


async def _types(tree: Tree, node: str) -> list[tuple[str, str]]:
    return [(one["type"].removeprefix("vn.lienthong."), one["agency"]) for one in await feed(tree[node].factory)]


async def _handed_over(tree: Tree, result: str) -> None:
    """The recipient's system claims and answers as soon as it can."""
    async with tree.client(RECIPIENT) as client:

        async def claimed() -> list[dict[str, str]]:
            answer = await client.post("/v1/inbox/claims", json={})
            claims: list[dict[str, str]] = answer.json()["claims"]
            return claims

        claims: list[dict[str, str]] = []

        async def has_claims() -> bool:
            claims.extend(await claimed())
            return bool(claims)

        await eventually(has_claims)
        said = {"lease_token": claims[0]["lease_token"], "result": result, "description": "Đã nhận"}
        answer = await client.post(f"/v1/deliveries/{claims[0]['delivery_id']}/acknowledgement", json=said)
        assert answer.status_code == 200, answer.text


async def test_sender_and_recipient_are_told_at_their_own_nodes(tree: Tree) -> None:
    tree.start()
    answer = await tree.submit(SENDER, letter(SENDER, [RECIPIENT], folder=tree.folder))
    document = answer.json()["id"]

    await _handed_over(tree, "done")

    await eventually(lambda: _is_told(tree, SENDER, "delivery.transport-status"))
    assert await _types(tree, SENDER) == [
        ("document.accepted", SENDER),
        ("delivery.transport-status", SENDER),
    ]
    assert await _types(tree, RECIPIENT) == [("delivery.arrived", RECIPIENT)]
    assert await _types(tree, "H28") == []
    moved = (await feed(tree[SENDER].factory))[-1]
    assert moved["document_id"] == document
    assert moved["data"] == {"transport_status": "done", "reason": "", "detail": "Đã nhận"}


async def test_a_sender_is_told_of_the_recipients_answer(tree: Tree) -> None:
    tree.start()
    sent = letter(SENDER, [RECIPIENT], folder=tree.folder)
    document = (await tree.submit(SENDER, sent)).json()["id"]
    await _handed_over(tree, "done")

    number = f"{SENDER},2026/03/02,181/KH-UBND"
    said = await tree.submit(RECIPIENT, status_of(number, sender=RECIPIENT, to=SENDER, code=BusinessStatus.RECEIVED))

    await eventually(lambda: _is_told(tree, SENDER, "delivery.business-status"))
    told = [one for one in await feed(tree[SENDER].factory) if one["type"].endswith("business-status")]
    assert [(one["document_id"], one["agency"]) for one in told] == [(document, SENDER)]
    assert told[0]["data"]["code"] == "03"
    assert told[0]["data"]["status_document"] == said.json()["id"]
    assert not await _is_told(tree, RECIPIENT, "delivery.business-status")


async def test_a_delivery_within_one_node_tells_both_sides_there(tree: Tree) -> None:
    await tree.submit("H28.31", letter("H28.31", ["H28.31.01"], folder=tree.folder))

    told = await _types(tree, "H28.31")

    assert told == [("document.accepted", "H28.31"), ("delivery.arrived", "H28.31.01")]


async def test_a_repeated_submission_tells_nothing_again(tree: Tree) -> None:
    package = letter("H28.31", ["H28.31.01"], folder=tree.folder)
    for _ in range(3):
        await tree.submit("H28.31", package)

    assert len(await feed(tree["H28.31"].factory)) == 2
    assert len(await tree["H28.31"].rows(deliveries)) == 1


async def _is_told(tree: Tree, node: str, what: str) -> bool:
    return what in [one for one, _ in await _types(tree, node)]
