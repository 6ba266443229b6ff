"""``lienthong admin audit``: of one node, of all, and between them."""

import asyncio

import pytest
from sqlalchemy import select

from lienthong.exchange.storage.schema import deliveries, outbox
from tests.integration.acceptance.whole_network import WholeNetwork
from tests.integration.admin.desk import Desk, numbered_letter

pytestmark = pytest.mark.asyncio(loop_scope="session")

NODES = ("--node", "H28.31", "--node", "H28", "--node", "G22")


async def _arrived(network: WholeNetwork) -> str:
    """A letter from the district to the centre, which lies in the inbox there."""
    package = numbered_letter("H28.31", to="G22")
    answer = await network.call(
        "H28.31", "POST", "/v1/documents", content=package, headers={"Content-Type": "application/edxml+xml"}
    )
    [recipient] = answer.json()["recipients"]
    delivery = str(recipient["delivery_id"])
    async with asyncio.timeout(30):
        while not await _there(network, delivery):
            await asyncio.sleep(0.1)
    return delivery


async def _there(network: WholeNetwork, delivery: str) -> bool:
    async with network.databases["G22"].read() as connection:
        found = await connection.execute(select(deliveries.c.id).where(deliveries.c.id == delivery))
        return found.first() is not None


async def _set(network: WholeNetwork, node: str, delivery: str, status: str) -> None:
    async with network.databases[node].begin() as connection:
        await connection.execute(deliveries.update().where(deliveries.c.id == delivery).values(transport_status=status))


async def test_nodes_that_agree_end_with_status_0_and_what_was_checked(network: WholeNetwork, desk: Desk) -> None:
    await _arrived(network)
    async with network.databases["H28"].begin() as connection:
        await connection.execute(outbox.delete().where(outbox.c.destination == "H99"))

    report = await desk.ask("audit", *NODES, "--deep")
    told = await desk.type("audit", *NODES)

    assert report["nodes"] == ["G22", "H28", "H28.31"]
    assert report["found"] == {}
    assert report["checked"]["between nodes"]["deliveries"] >= 1
    assert all(report["checked"][node]["documents"] >= 1 for node in report["nodes"])
    assert (told.exit_code, "0 broken, 0 stuck, 0 left-over" in told.stdout) == (0, True), told.output


async def test_what_one_node_says_and_the_other_does_not_is_found_between_them(
    network: WholeNetwork, desk: Desk
) -> None:
    delivery = await _arrived(network)
    await _set(network, "H28.31", delivery, "done")

    told = await desk.type("audit", *NODES)
    await _set(network, "H28.31", delivery, "initial")

    assert told.exit_code == 1
    assert all(text in told.stdout for text in ("2 broken", "delivery-end", "delivery-ended", "between nodes"))


async def test_an_agency_s_client_may_not_audit(desk: Desk) -> None:
    refused = await desk.type("audit", who="H28.31")

    assert (refused.exit_code, "scope-missing" in refused.stderr) == (1, True)
