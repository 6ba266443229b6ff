"""A node that is drained takes nothing in, gives everything out, and says when it is safe to stop it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lienthong.embedded.register import OPERATOR_CLIENT
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.identifiers import NodeId
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem
from tests.integration.admin.desk import Desk, numbered_letter

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def drained(desk: Desk, node: str) -> AsyncIterator[None]:
    done = await desk.ask("drain", "--wait", "--reason", "Bảo trì", "--node", node)
    assert (done["is_drained"], done["draining"]["by"], done["draining"]["reason"]) == (True, "operator", "Bảo trì")
    try:
        yield
    finally:
        assert (await desk.ask("undrain", "--node", node))["draining"] is None


async def test_submissions_wait_and_what_was_sent_before_gets_its_receipt_again(
    network: WholeNetwork, desk: Desk
) -> None:
    package = numbered_letter("H28.31", to="H28")
    before = (await network.submit("H28.31", package)).raise_for_status()

    async with drained(desk, "H28.31"):
        refused = await network.submit("H28.31", numbered_letter("H28.31", to="H28"))
        repeated = await network.submit("H28.31", package)
        ready = await network.http.get(f"{network.url('H28.31')}/health/ready")
    taken = await network.submit("H28.31", numbered_letter("H28.31", to="H28"))

    assert_problem(refused, 503, "node-draining", hop="H28.31")
    assert refused.headers["Retry-After"] == "60"
    assert (repeated.status_code, repeated.content) == (201, before.content)
    assert (ready.status_code, ready.json()["draining"]) == (200, True)
    assert taken.status_code == 201


async def test_messages_of_others_wait_and_come_afterwards_once(network: WholeNetwork, desk: Desk) -> None:
    async with drained(desk, "H28"):
        await asyncio.sleep(1.5)
        sent = (await network.submit("H28.31", numbered_letter("H28.31", to="H28"))).raise_for_status().json()["id"]
        await asyncio.sleep(0.5)
        assert sent not in [one["document"]["id"] async for one in network.inbox("H28")]

    await network.arrived("H28", sent)

    assert [one["document"]["id"] async for one in network.inbox("H28")].count(sent) == 1


async def test_recipients_go_on_taking_out(network: WholeNetwork, desk: Desk) -> None:
    sent = (await network.submit("H28.31", numbered_letter("H28.31", to="G22"))).raise_for_status().json()["id"]
    await network.arrived("G22", sent)

    async with drained(desk, "G22"):
        claims = (await network.call("G22", "POST", "/v1/inbox/claims", json={"limit": 100})).json()["claims"]
        [claim] = [one for one in claims if one["document"]["id"] == sent]
        package = await network.call("G22", "GET", f"/v1/documents/{sent}/package")
        said = {"lease_token": claim["lease_token"], "result": "done"}
        acknowledged = await network.call(
            "G22", "POST", f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=said
        )
        left = await desk.ask("state", "--node", "G22")

    assert (package.status_code, acknowledged.status_code) == (200, 200)
    assert left["outbox"] <= 1
    async with asyncio.timeout(30):
        while await _transport(network, sent) != "done":
            await asyncio.sleep(0.05)


async def _transport(network: WholeNetwork, document: str) -> str:
    [delivery] = (await network.call("H28.31", "GET", f"/v1/documents/{document}")).json()["deliveries"]
    return str(delivery["transport_status"])


async def test_a_replay_is_refused_meanwhile(network: WholeNetwork, desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {await network.token(OPERATOR_CLIENT, node_audience(NodeId('H28')))}"}

    async with drained(desk, "H28"):
        refused = await network.http.post(
            f"{network.url('H28')}/v1/admin/dead-letters/replay", json={}, headers=headers
        )

    assert_problem(refused, 503, "node-draining", hop="H28")


async def test_state_is_a_table_too_and_both_acts_are_kept(desk: Desk) -> None:
    async with drained(desk, "H28.31.05"):
        table = await desk.type("state", "--node", "H28.31.05")
    acts = await desk.ask("acts", "--limit", "2", "--node", "H28.31.05")

    assert "safe to stop" in table.stdout
    assert [one["act"] for one in acts] == ["drain-ended", "drain-begun"]


@pytest.mark.parametrize(("method", "path"), [("GET", "state"), ("POST", "drain"), ("POST", "undrain")])
async def test_an_agency_s_client_drains_nothing(network: WholeNetwork, method: str, path: str) -> None:
    refused = await network.call("H28", method, f"/v1/admin/{path}", json={} if method == "POST" else None)

    assert_problem(refused, 403, "scope-missing", hop="H28")
