"""Operators pause, resume and retry destinations; who did it is kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from lienthong.exchange.storage.operations_schema import admin_acts
from lienthong.exchange.storage.schema import outbox
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox.leases import Failure, note_failure
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem
from tests.integration.admin.desk import Desk, numbered_letter

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_nothing_goes_to_a_paused_destination_until_it_is_resumed(network: WholeNetwork, desk: Desk) -> None:
    paused = await desk.ask("pause", "H28", "--reason", "Bảo trì", "--node", "H28.31")
    document = (await network.submit("H28.31", numbered_letter("H28.31", to="H28"))).raise_for_status().json()["id"]
    await asyncio.sleep(0.5)

    assert (paused["node"], paused["paused"], await _waiting(desk, "H28")) == ("H28", True, 1)
    resumed = await desk.ask("resume", "H28", "--node", "H28.31")
    await network.arrived("H28", document)

    assert resumed["paused"] is False
    acts = [
        (one["act"], one["subject"], one["actor"], one["reason"]) for one in await desk.ask("acts", "--node", "H28.31")
    ]
    assert acts[:2] == [
        ("destination-resumed", "H28", "operator", ""),
        ("destination-paused", "H28", "operator", "Bảo trì"),
    ]


async def test_pausing_twice_is_one_act(desk: Desk) -> None:
    for _ in range(2):
        await desk.ask("pause", "G22", "--node", "H28.31.05")

    shown = await desk.type("acts", "--node", "H28.31.05")

    assert shown.stdout.count("destination-paused") == 1
    await desk.ask("resume", "G22", "--node", "H28.31.05")


async def test_retry_ends_a_back_off_at_once(network: WholeNetwork, desk: Desk) -> None:
    failure = Failure(attempts=9, next_attempt_at=datetime.now(UTC) + timedelta(hours=1), error="bus-unavailable")
    async with network.databases["H28.31"].begin() as connection:
        await note_failure(connection, outbox, NodeId("H28"), failure)
    document = (await network.submit("H28.31", numbered_letter("H28.31", to="H28"))).raise_for_status().json()["id"]
    await asyncio.sleep(0.5)
    assert await _waiting(desk, "H28") == 1

    tried = await desk.ask("retry", "H28", "--node", "H28.31")
    await network.arrived("H28", document)

    assert (tried["next_attempt_at"], tried["last_error"]) == (None, "bus-unavailable")
    assert (await desk.ask("acts", "--limit", "1", "--node", "H28.31"))[0]["act"] == "destination-retried"


async def _waiting(desk: Desk, destination: str) -> int:
    found = await desk.ask("destinations", "--node", "H28.31")
    return next(int(one["backlog"]) for one in found if one["node"] == destination)


async def test_a_destination_that_nobody_has_is_not_found(network: WholeNetwork, desk: Desk) -> None:
    told = await desk.type("pause", "H77", "--node", "H28")
    odd = [await _steer(network, f"/v1/admin/destinations/{odd}/retry") for odd in ("%00", "H%2028", "x" * 65, "H28")]

    assert (told.exit_code, "destination-unknown" in told.stderr) == (1, True)
    assert [(one.status_code, one.json()["code"]) for one in odd] == [(404, "destination-unknown")] * 4


async def _steer(network: WholeNetwork, path: str) -> Any:
    token = await network.token("operator", node_audience(NodeId("H28")))
    headers = {"Authorization": f"Bearer {token}"}
    return await network.http.post(network.url("H28") + path, json={}, headers=headers)


@pytest.mark.parametrize("act", ["pause", "resume", "retry"])
async def test_an_agency_s_client_steers_nothing(network: WholeNetwork, act: str) -> None:
    refused = await network.call("H28.31", "POST", f"/v1/admin/destinations/H28/{act}", json={})

    assert_problem(refused, 403, "scope-missing", hop="H28.31")


async def test_acts_can_be_neither_changed_nor_removed(network: WholeNetwork, desk: Desk) -> None:
    await desk.ask("retry", "G22", "--node", "H28")

    for meddling in (update(admin_acts).values(actor="somebody else"), text("delete from admin_acts")):
        with pytest.raises(DBAPIError, match="append-only"):
            await _do(network, meddling)


async def _do(network: WholeNetwork, statement: Any) -> None:
    async with network.databases["H28"].begin() as connection:
        await connection.execute(statement)
