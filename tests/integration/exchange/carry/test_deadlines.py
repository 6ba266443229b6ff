"""A sender's deadline on the road: both ends come to the same end, whoever is late."""

import dataclasses
from datetime import UTC, datetime, timedelta

import httpx

from lienthong.exchange.storage.schema import deliveries, evidence
from lienthong.exchange.usecases.expire_deliveries import expire_deliveries
from lienthong.shared.edxml.model import BusinessStatus
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import Tree, eventually, letter, status_of

DEADLINE = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
IN_TIME, LATE, MUCH_LATER = (
    DEADLINE - timedelta(minutes=1),
    DEADLINE + timedelta(minutes=1),
    DEADLINE + timedelta(hours=3),
)
GRACE = timedelta(hours=2)


async def send(tree: Tree, **headers: str) -> httpx.Response:
    """H28 writes to G22, with a deadline."""
    settings = tree["H28"].factory.settings.model_copy(update={"expiry_grace": GRACE})
    tree["H28"].factory = dataclasses.replace(tree["H28"].factory, settings=settings)
    package = letter("H28", ["G22"], folder=tree.folder)
    return await tree.submit("H28", package, **{"Lienthong-Expires": DEADLINE.isoformat(), **headers})


async def standing(tree: Tree, node: str) -> tuple[str, str]:
    [row] = await tree[node].rows(deliveries)
    return row["transport_status"], row["transport_reason"]


async def stated(tree: Tree, node: str) -> list[tuple[str, str]]:
    return [(one["event"], one["issuer"]) for one in await tree[node].rows(evidence)]


async def test_the_receipt_states_the_deadline_and_a_repeat_with_another_is_refused(tree: Tree) -> None:
    first = await send(tree)
    again = await send(tree)
    other = await send(tree, **{"Lienthong-Expires": (DEADLINE + timedelta(hours=1)).isoformat()})

    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    [accepted] = await tree["H28"].rows(evidence)
    assert datetime.fromisoformat(accepted["claims"]["expires_at"]) == DEADLINE


async def test_a_deadline_of_a_status_or_in_the_past_is_refused(tree: Tree) -> None:
    status = status_of("x", sender="H28", to="G22", code=BusinessStatus.RECEIVED)
    answers = [
        await tree.submit("H28", status, **{"Lienthong-Expires": DEADLINE.isoformat()}),
        await send(tree, **{"Lienthong-Expires": "2020-01-01T00:00:00Z"}),
        await send(tree, **{"Lienthong-Expires": "soon"}),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(400, "deadline-invalid")] * 3
    assert await tree["H28"].rows(deliveries) == []


async def test_what_arrives_after_its_deadline_enters_no_inbox_and_comes_back(tree: Tree) -> None:
    await send(tree)
    message = await waiting_message(tree["H28"])
    tree["G22"].at(LATE)
    tree["G22"].start()

    await published(tree, message, by="H28")

    assert await standing(tree, "G22") == ("fail", "expired")
    async with tree.client("G22") as client:
        assert (await client.get("/v1/inbox")).json()["items"] == []
    tree["H28"].start()
    await eventually(lambda: _ended(tree, "H28"))
    assert await standing(tree, "H28") == ("fail", "expired")
    assert ("AcceptanceRejectionExpiry", "G22") in await stated(tree, "H28")


async def test_the_origin_ends_what_never_arrived_after_a_grace_and_both_sides_agree(tree: Tree) -> None:
    await send(tree)
    message = await waiting_message(tree["H28"])
    for moment, ended in ((LATE, 0), (MUCH_LATER, 1), (MUCH_LATER, 0)):
        tree["H28"].at(moment)
        assert await expire_deliveries(tree["H28"].factory) == ended
    assert await standing(tree, "H28") == ("fail", "expired")
    tree["G22"].at(MUCH_LATER)
    tree["G22"].start()

    await published(tree, message, by="H28")

    assert await standing(tree, "G22") == ("fail", "expired")
    tree["H28"].start()
    await eventually(lambda: _has(tree, "H28", ("AcceptanceRejectionExpiry", "G22")))
    assert (await stated(tree, "H28")).count(("AcceptanceRejectionExpiry", "H28")) == 1
    assert await standing(tree, "H28") == ("fail", "expired")


async def test_what_arrived_is_the_recipients_node_s_to_end(tree: Tree) -> None:
    await send(tree)
    tree["G22"].at(IN_TIME)
    tree["G22"].start()
    tree["H28"].start()
    await eventually(lambda: _has(tree, "H28", ("ContentConsignment", "G22")))
    await tree["H28"].stop()

    tree["H28"].at(MUCH_LATER)

    assert await expire_deliveries(tree["H28"].factory) == 0
    assert await standing(tree, "H28") == ("initial", "")


async def test_word_of_a_handover_outweighs_what_the_origin_only_supposed(tree: Tree) -> None:
    await send(tree)
    message = await waiting_message(tree["H28"])
    tree["G22"].at(IN_TIME)
    tree["G22"].start()
    await published(tree, message, by="H28")
    await _take(tree, "G22")
    tree["H28"].at(MUCH_LATER)
    await expire_deliveries(tree["H28"].factory)
    assert await standing(tree, "H28") == ("fail", "expired")

    tree["H28"].start()

    await eventually(lambda: _has(tree, "H28", ("ContentHandover", "G22")))
    assert await standing(tree, "H28") == ("done", "") == await standing(tree, "G22")


async def _take(tree: Tree, agency: str) -> None:
    async with tree.client(agency) as client:
        [claim] = (await client.post("/v1/inbox/claims", json={})).json()["claims"]
        body = {"lease_token": claim["lease_token"], "result": "done"}
        (await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=body)).raise_for_status()


async def _has(tree: Tree, node: str, what: tuple[str, str]) -> bool:
    return what in await stated(tree, node)


async def _ended(tree: Tree, node: str) -> bool:
    return (await standing(tree, node))[0] == "fail"
