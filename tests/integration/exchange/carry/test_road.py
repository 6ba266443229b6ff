"""A document's whole way: submitted, relayed, consigned; and its evidence on the way back."""

from lienthong.exchange.storage.schema import deliveries, documents, evidence, evidence_log, outbox, statuses
from lienthong.shared.edxml.model import BusinessStatus
from tests.integration.exchange.carry.tree import Tree, eventually, letter, status_of


async def test_a_document_crosses_two_relays_and_its_evidence_comes_home(tree: Tree) -> None:
    package = letter("H28.31.05", ["000.00.00.G22"], folder=tree.folder)
    tree.start()

    answer = await tree.submit("H28.31.05", package)

    assert answer.status_code == 201, answer.text
    await eventually(lambda: tree["G22"].rows(deliveries))
    await eventually(lambda: _events(tree, "H28.31.05", 4))
    arrived = await tree["G22"].rows(documents)
    assert [(one["id"], one["package_sha256"]) for one in arrived] == [
        (answer.json()["id"], answer.json()["package"]["sha256"])
    ]
    stated = {(one["event"], one["issuer"]) for one in await tree["H28.31.05"].rows(evidence)}
    assert stated == {
        ("SubmissionAcceptance", "H28.31.05"),
        ("RelayAcceptance", "H28.31"),
        ("RelayAcceptance", "H28"),
        ("ContentConsignment", "G22"),
    }


async def test_a_directive_reaches_every_level_once(tree: Tree) -> None:
    to = ["H28", "000.00.31.H28", "H28.31.01", "H28.31.05", "G22"]
    tree.start()

    answer = await tree.submit("G22", letter("G22", to, folder=tree.folder))

    assert {one["outcome"] for one in answer.json()["recipients"]} == {"accepted"}
    for node, local in {"G22": 1, "H28": 1, "H28.31": 2, "H28.31.05": 1}.items():
        await eventually(lambda node=node, local=local: _local(tree, node, local))  # type: ignore[misc]
    relayed = await tree["H28"].rows(documents)
    assert relayed[0]["content"] is not None


async def test_a_relay_that_serves_no_recipient_does_not_look_into_the_package(tree: Tree) -> None:
    tree.start()

    await tree.submit("H28.31.05", letter("H28.31.05", ["G22"], folder=tree.folder))

    await eventually(lambda: tree["G22"].rows(deliveries))
    [passing] = await tree["H28"].rows(documents)
    assert (passing["content"], passing["report"], passing["subject"]) == (None, None, "")


async def test_a_large_package_is_pulled_and_arrives_byte_for_byte(tree: Tree) -> None:
    package = letter("H28.31.05", ["H28"], attachment=b"%PDF-1.7 " + bytes(range(256)) * 4000, folder=tree.folder)
    tree.start()

    answer = await tree.submit("H28.31.05", package)

    await eventually(lambda: tree["H28"].rows(deliveries))
    async with tree.client("H28") as client:
        fetched = await client.get(f"/v1/documents/{answer.json()['id']}/package")
    assert fetched.content == package


async def test_a_recipient_of_the_same_node_needs_no_bus(tree: Tree) -> None:
    answer = await tree.submit("H28.31", letter("H28.31", ["H28.31.01"], folder=tree.folder))

    [delivery] = await tree["H28.31"].rows(deliveries)
    assert (delivery["is_local"], delivery["id"]) == (True, answer.json()["recipients"][0]["delivery_id"])
    assert await tree["H28.31"].rows(outbox) == []
    assert {one["event"] for one in await tree["H28.31"].rows(evidence)} == {
        "SubmissionAcceptance",
        "ContentConsignment",
    }


async def test_a_status_comes_back_into_the_timeline_and_the_inbox(tree: Tree) -> None:
    tree.start()
    await tree.submit("H28.31", letter("H28.31", ["H28.31.05"], folder=tree.folder))
    await eventually(lambda: tree["H28.31.05"].rows(deliveries))

    said = status_of("H28.31,2026/03/02,181/KH-UBND", sender="H28.31.05", to="H28.31", code=BusinessStatus.RECEIVED)
    answer = await tree.submit("H28.31.05", said)

    assert answer.json()["kind"] == "status"
    await eventually(lambda: tree["H28.31"].rows(statuses))
    by_kind = {one["kind"]: one["id"] for one in await tree["H28.31"].rows(documents)}
    kept = {one["document_id"]: one for one in await tree["H28.31"].rows(deliveries)}
    assert kept[by_kind["document"]]["business_status"] == "03"
    assert kept[by_kind["status"]]["is_local"]


async def test_a_nodes_own_evidence_is_logged_without_gaps(tree: Tree) -> None:
    tree.start()
    for number in range(5):
        await tree.submit("H28.31", letter("H28.31", ["H28.31.01"], folder=tree.folder, number=str(number)))

    await eventually(lambda: _logged(tree, "H28.31", 10))

    entries = await tree["H28.31"].rows(evidence_log)
    assert [one["index"] for one in entries] == list(range(10))
    assert len({one["leaf_hash"] for one in entries}) == 10


async def _events(tree: Tree, node: str, count: int) -> bool:
    return len(await tree[node].rows(evidence)) == count


async def _logged(tree: Tree, node: str, count: int) -> bool:
    return len(await tree[node].rows(evidence_log)) == count


async def _local(tree: Tree, node: str, count: int) -> bool:
    return len([one for one in await tree[node].rows(deliveries) if one["is_local"]]) == count
