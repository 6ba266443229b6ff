"""What nobody claims by the sender's deadline leaves the inbox, once, with evidence."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

from lienthong.exchange.domain.listings import InboxQuery
from lienthong.exchange.storage.schema import evidence, outbox
from lienthong.exchange.usecases.claim_deliveries import claim_deliveries
from lienthong.exchange.usecases.expire_deliveries import EXPIRIES_AT_ONCE, expire_deliveries
from lienthong.shared.identifiers import AgencyCode
from tests.integration.exchange.receive.receiving_node import Arrived, Letter, ReceivingNode
from tests.integration.exchange.receive.test_claims import claim
from tests.support.pki import NOW

DEADLINE = NOW + timedelta(minutes=10)
BOUNDED = Letter(expires_at=DEADLINE)


async def delivery(node: ReceivingNode, arrived: Arrived) -> dict[str, Any]:
    async with node.client() as client:
        answer = (await client.get(f"/v1/documents/{arrived.document}")).json()
    found: dict[str, Any] = answer["deliveries"][0]
    return found


async def waiting(node: ReceivingNode) -> list[dict[str, Any]]:
    async with node.client() as client:
        items: list[dict[str, Any]] = (await client.get("/v1/inbox")).json()["items"]
    return items


async def stated(node: ReceivingNode) -> list[tuple[str, str]]:
    async with node.factory.database.read() as connection:
        rows = (await connection.execute(evidence.select().order_by(evidence.c.id))).all()
    return [(row.event, row.claims["reason_code"]) for row in rows]


async def acknowledge(node: ReceivingNode, held: dict[str, Any]) -> int:
    body = {"lease_token": held["lease_token"], "result": "done"}
    async with node.client() as client:
        return (await client.post(f"/v1/deliveries/{held['delivery_id']}/acknowledgement", json=body)).status_code


async def test_before_the_deadline_it_is_an_ordinary_delivery_that_shows_it(node: ReceivingNode) -> None:
    await node.receive(BOUNDED)

    assert await expire_deliveries(node.factory) == 0
    [item] = await waiting(node)
    assert item["document"]["expires_at"] == "2026-03-02T08:10:00Z"
    assert len(await claim(node)) == 1


async def test_at_the_deadline_nobody_can_claim_it_although_nothing_has_run_yet(node: ReceivingNode) -> None:
    await node.receive(BOUNDED)
    await node.receive(Letter())

    node.clock.pass_by(600)

    assert [one["document"]["expires_at"] for one in await waiting(node)] == [None]
    assert [one["document"]["expires_at"] for one in await claim(node)] == [None]


async def test_it_fails_with_evidence_for_its_origin_exactly_once(node: ReceivingNode) -> None:
    arrived = await node.receive(BOUNDED)
    node.clock.pass_by(600)

    counts = await asyncio.gather(*(expire_deliveries(node.factory) for _ in range(3)))

    assert sum(counts) == 1
    stands = await delivery(node, arrived)
    assert (stands["transport_status"], stands["transport_reason"]) == ("fail", "expired")
    assert await stated(node) == [("AcceptanceRejectionExpiry", "expired")]
    async with node.factory.database.read() as connection:
        assert (await connection.execute(outbox.select())).one().destination == "H28"


async def test_who_has_claimed_in_time_may_finish(node: ReceivingNode) -> None:
    arrived = await node.receive(BOUNDED)
    [held] = await claim(node, lease_seconds=900)
    node.clock.pass_by(700)

    assert await expire_deliveries(node.factory) == 0
    assert len(await waiting(node)) == 1
    assert await acknowledge(node, held) == 200
    assert (await delivery(node, arrived))["transport_status"] == "done"
    node.clock.pass_by(900)
    assert await expire_deliveries(node.factory) == 0


async def test_a_lease_that_lapses_after_the_deadline_does_not_return_the_delivery(node: ReceivingNode) -> None:
    arrived = await node.receive(BOUNDED)
    [held] = await claim(node, lease_seconds=300)
    node.clock.pass_by(700)

    assert await claim(node) == []
    assert await expire_deliveries(node.factory) == 1

    assert await acknowledge(node, held) == 409
    assert (await delivery(node, arrived))["transport_reason"] == "expired"


async def test_a_backlog_ends_in_batches(node: ReceivingNode) -> None:
    for _ in range(EXPIRIES_AT_ONCE + 1):
        await node.receive(BOUNDED)
    node.clock.pass_by(600)

    assert [await expire_deliveries(node.factory) for _ in range(3)] == [EXPIRIES_AT_ONCE, 1, 0]
    assert len(await stated(node)) == EXPIRIES_AT_ONCE + 1


async def test_a_claim_and_the_deadline_at_once_have_one_winner(node: ReceivingNode) -> None:
    """The row's lock decides: a claim that began in time either has the delivery or finds it ended."""
    early = dataclasses.replace(node.factory, clock=lambda: DEADLINE - timedelta(seconds=1))
    late = dataclasses.replace(node.factory, clock=lambda: DEADLINE)
    query = InboxQuery(agencies=[AgencyCode("H28.31")], kind=None, limit=1)
    claims = [claim_deliveries(query, early, client_id="c", lease=timedelta(hours=1)) for _ in range(10)]
    for _ in range(10):
        await node.receive(BOUNDED)

    answers = await asyncio.gather(*claims, *(expire_deliveries(late) for _ in range(5)))

    claimed = sum(len(one) for one in answers if isinstance(one, list))
    assert claimed + len(await stated(node)) == 10
    assert await claim_deliveries(query, late, client_id="another", lease=timedelta(hours=1)) == []
