"""Packages go when the policy's time is over, and never before everybody has what it needs."""

import hashlib
from datetime import timedelta

import httpx

from lienthong.exchange.storage.retention_schema import package_removals
from lienthong.exchange.storage.schema import deliveries, documents, outbox, submissions
from lienthong.exchange.usecases.keep_packages import mark_expired, remove_marked
from tests.integration.exchange.carry.tree import Node, Tree, eventually, letter
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode
from tests.integration.exchange.retention.later import at, blobs_of, keeping, retained, written_at

DAY = timedelta(days=1)
YEARS = timedelta(days=3650)


async def _taken(node: ReceivingNode) -> None:
    async with node.client() as client:
        [claim] = (await client.post("/v1/inbox/claims", json={})).json()["claims"]
        done = {"lease_token": claim["lease_token"], "result": "done"}
        await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=done)


async def _downloads(node: ReceivingNode, document: str) -> list[httpx.Response]:
    async with node.client() as client:
        return [
            await client.get(f"/v1/documents/{document}/{part}") for part in ("package", "attachments/1", "evidence")
        ]


async def _carries(node: Node) -> bool:
    return any(row["document_id"] for row in await node.rows(outbox))


async def test_packages_stay_for_good_unless_the_operator_decides_otherwise(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await _taken(node)

    assert await retained(keeping(node.factory), after=YEARS) == 0
    assert blobs_of(node.factory) == [hashlib.sha256(arrived.package).hexdigest()]


async def test_an_expired_package_is_gone_and_every_download_says_since_when(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await _taken(node)
    node.clock.pass_by(DAY.total_seconds() * 8)

    assert await retained(keeping(node.factory, own=7 * DAY), after=timedelta()) == 1

    answers = await _downloads(node, arrived.document)
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(410, "package-expired")}
    assert {one.json()["expired_at"] for one in answers} == {node.clock.now.isoformat()}
    assert blobs_of(node.factory) == []
    async with node.client() as client:
        assert (await client.get(f"/v1/documents/{arrived.document}")).status_code == 200


async def test_a_mark_is_judged_again_before_anything_is_removed(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await _taken(node)
    process = keeping(node.factory, own=DAY)
    await mark_expired(at(process, node.clock.now + 2 * DAY))

    async with node.factory.database.begin() as connection:  # delivered anew, to an office that lost its data
        await connection.execute(deliveries.update().values(transport_status="initial"))
    removed = await remove_marked(at(process, node.clock.now + 4 * DAY))

    assert removed == 0
    async with node.client() as client:
        got = await client.get(f"/v1/documents/{arrived.document}/package")
    assert (got.status_code, got.content) == (200, arrived.package)


async def test_a_package_that_its_recipient_has_not_acknowledged_stays(node: ReceivingNode) -> None:
    await node.receive(Letter(to=("H28.31", "H28.31.01")))
    async with node.client() as client:  # one of the two
        [claim] = (await client.post("/v1/inbox/claims", json={"agency": "H28.31"})).json()["claims"]
        done = {"lease_token": claim["lease_token"], "result": "done"}
        await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=done)

    assert await retained(keeping(node.factory, own=DAY), after=YEARS) == 0
    assert len(blobs_of(node.factory)) == 1


async def test_a_package_of_which_a_row_of_the_outbox_speaks_stays(tree: Tree) -> None:
    answer = await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    node = tree["H28"]
    async with node.factory.database.begin() as connection:
        await connection.execute(deliveries.update().values(transport_status="done"))
    process = keeping(node.factory, own=DAY, relayed=DAY)

    assert await retained(process, after=YEARS) == 0
    async with node.factory.database.begin() as connection:
        await connection.execute(outbox.delete())
    assert await retained(process, after=YEARS) == 1
    assert [one["id"] for one in await node.rows(documents)] == [answer.json()["id"]]


async def test_a_relay_keeps_a_package_until_its_next_hop_has_it_and_then_for_its_own_time(tree: Tree) -> None:
    await tree.submit("H28.31.05", letter("H28.31.05", ["H28"], folder=tree.folder))
    relay = tree["H28.31"]
    tree["H28.31.05"].start()
    relay.start()  # its next hop is off: the row stays in its outbox
    await eventually(lambda: _carries(relay))
    await relay.stop()

    assert await retained(keeping(relay.factory, relayed=DAY), after=YEARS) == 0
    async with relay.factory.database.begin() as connection:
        await connection.execute(outbox.delete().where(outbox.c.document_id.is_not(None)))
    assert await retained(keeping(relay.factory, relayed=3 * DAY), after=2 * DAY) == 0
    assert await retained(keeping(relay.factory, relayed=3 * DAY), after=3 * DAY) == 1


async def test_the_same_submission_gets_its_receipt_after_its_package_went(tree: Tree) -> None:
    package = letter("H28.31", ["H28.31.01"], folder=tree.folder)
    node = tree["H28.31"]
    first = await tree.submit("H28.31", package)
    async with node.factory.database.begin() as connection:
        await connection.execute(deliveries.update().values(transport_status="done"))
    assert await retained(keeping(node.factory, own=DAY), after=2 * DAY) == 1

    again = await tree.submit("H28.31", package)

    assert again.content == first.content
    assert len(await node.rows(submissions)) == 1


async def test_the_same_bytes_as_a_new_document_bring_the_package_back_for_all(tree: Tree) -> None:
    package = letter("H28.31", ["H28.31.01"], folder=tree.folder)
    node = tree["H28.31"]
    first = await tree.submit("H28.31", package)
    async with node.factory.database.begin() as connection:
        await connection.execute(deliveries.update().values(transport_status="done"))
    await retained(keeping(node.factory, own=DAY), after=2 * DAY)

    await tree.submit("H28.31", package, **{"Idempotency-Key": "another"})

    async with tree.client("H28.31") as client:
        got = await client.get(f"/v1/documents/{first.json()['id']}/package")
    assert got.content == package
    assert await node.rows(package_removals) == []


async def test_an_orphan_goes_once_it_is_old(node: ReceivingNode) -> None:
    spooled = node.directory / "orphan"
    spooled.write_bytes(b"nobody's")
    sha256 = hashlib.sha256(b"nobody's").hexdigest()
    await node.factory.blobs.adopt(spooled, sha256)  # type: ignore[arg-type]
    written_at(node.factory, sha256, node.clock.now)

    assert await retained(node.factory, after=timedelta(hours=23)) == 0
    assert await retained(at(node.factory, node.clock.now), after=timedelta(hours=25)) == 1
    assert blobs_of(node.factory) == []
