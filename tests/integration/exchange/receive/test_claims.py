import asyncio
from typing import Any

import pytest

from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode


async def claim(node: ReceivingNode, agency: str = "H28.31", **wanted: Any) -> list[dict[str, Any]]:
    async with node.client(agency) as client:
        response = await client.post("/v1/inbox/claims", json=wanted)
    assert response.status_code == 200, response.text
    claims: list[dict[str, Any]] = response.json()["claims"]
    return claims


async def test_simultaneous_claimers_get_every_delivery_once(node: ReceivingNode) -> None:
    sent = [await node.receive(Letter()) for _ in range(40)]

    async def claim_until_empty() -> list[str]:
        mine: list[str] = []
        while claims := await claim(node, limit=3):
            mine += [one["delivery_id"] for one in claims]
        return mine

    shares = await asyncio.gather(*(claim_until_empty() for _ in range(8)))

    claimed = [delivery for share in shares for delivery in share]
    assert sorted(claimed) == sorted(one.deliveries["H28.31"] for one in sent)
    assert sum(1 for share in shares if share) > 1


async def test_the_most_urgent_is_claimed_first(node: ReceivingNode) -> None:
    for priority in (0, 4, 1, 3):
        await node.receive(Letter(priority=priority))

    claims = await claim(node, limit=3)

    assert [one["document"]["priority"] for one in claims] == [4, 3, 1]


async def test_each_claim_has_a_token_of_its_own_and_hides_the_delivery_from_others(node: ReceivingNode) -> None:
    await node.receive(Letter())
    await node.receive(Letter())

    claims = await claim(node, lease_seconds=60)

    assert len({one["lease_token"] for one in claims}) == 2
    assert await claim(node) == []
    async with node.client() as client:
        waiting = (await client.get("/v1/inbox")).json()["items"]
    assert [one["transport_status"] for one in waiting] == ["processing", "processing"]
    assert waiting[0]["lease_until"] == claims[0]["lease_until"] == "2026-03-02T08:01:00Z"


async def test_a_lapsed_lease_returns_the_delivery(node: ReceivingNode) -> None:
    await node.receive(Letter())
    first = await claim(node, lease_seconds=60)

    node.clock.pass_by(61)

    async with node.client() as client:
        waiting = (await client.get("/v1/inbox")).json()["items"]
    assert [(one["transport_status"], one["lease_until"]) for one in waiting] == [("initial", None)]
    second = await claim(node)
    assert second[0]["delivery_id"] == first[0]["delivery_id"]
    assert second[0]["lease_token"] != first[0]["lease_token"]


async def test_nobody_claims_for_an_agency_that_is_not_its_own(node: ReceivingNode) -> None:
    await node.receive(Letter(to=("H28.31.02",)))

    assert await claim(node, "H28.31") == []
    async with node.client("H28.31") as client:
        response = await client.post("/v1/inbox/claims", json={"agency": "H28.31.02"})
    assert (response.status_code, response.json()["code"]) == (403, "sender-not-allowed")


async def test_a_delegate_claims_for_its_principal(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(to=("H28.31.01", "H28.31")))

    claims = await claim(node, agency="H28.31.01")

    assert [one["delivery_id"] for one in claims] == [arrived.deliveries["H28.31.01"]]


@pytest.mark.parametrize("wrong", [{"lease_seconds": 0}, {"lease_seconds": 3601}, {"limit": 0}, {"limt": 1}])
async def test_a_lease_lasts_between_a_second_and_an_hour(node: ReceivingNode, wrong: dict[str, int]) -> None:
    async with node.client() as client:
        response = await client.post("/v1/inbox/claims", json=wrong)

    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")


async def test_a_lease_of_a_clock_that_ran_ahead_ends_when_the_clock_is_set_back(node: ReceivingNode) -> None:
    await node.receive(Letter())
    node.clock.pass_by(3 * 3600)
    ahead = await claim(node, lease_seconds=60)
    node.clock.pass_by(-3 * 3600)

    async with node.client() as client:
        waiting = (await client.get("/v1/inbox")).json()["items"]
    again = await claim(node)

    assert [one["transport_status"] for one in waiting] == ["initial"]
    assert [one["delivery_id"] for one in again] == [one["delivery_id"] for one in ahead]
