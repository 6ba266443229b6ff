"""An agency that lost its data gets again what it had taken, and nobody else sees a difference."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from lienthong.exchange.domain.redeliveries import REDELIVERIES_AT_ONCE
from lienthong.exchange.storage.operations_schema import admin_acts
from lienthong.exchange.storage.schema import deliveries, evidence, outbox
from lienthong.shared.contracts.tokens import Scope
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode

PATH = "/v1/admin/redeliveries"


async def _taken(node: ReceivingNode, count: int = 1, *, agency: str = "H28.31") -> list[str]:
    """Documents that ``agency`` received, claimed and acknowledged; their deliveries in the order of arrival."""
    for _ in range(count):
        await node.receive(Letter(to=(agency,)))
    async with node.client(agency) as client:
        claims = (await client.post("/v1/inbox/claims", json={"limit": 100})).json()["claims"]
        for claim in claims:
            await _acknowledge(client, claim)
    return [claim["delivery_id"] for claim in claims]


async def _acknowledge(client: Any, claim: dict[str, Any], result: str = "done") -> Any:
    said = {"lease_token": claim["lease_token"], "result": result}
    return await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=said)


async def _ordered(node: ReceivingNode, *, key: str = "k1", agency: str = "H28.31", **said: object) -> Any:
    since = said.pop("since", node.clock.now.isoformat())
    async with node.client() as operator:
        body = {"agency": agency, "since": since, **said}
        return await operator.post(PATH, json=body, headers={"Idempotency-Key": key})


async def _claims(node: ReceivingNode, agency: str = "H28.31", **said: object) -> list[dict[str, Any]]:
    async with node.client(agency) as client:
        return list((await client.post("/v1/inbox/claims", json=said)).raise_for_status().json()["claims"])


async def _state(node: ReceivingNode) -> Sequence[Any]:
    async with node.factory.database.read() as connection:
        return [(await connection.execute(select(table))).all() for table in (deliveries, evidence, outbox)]


async def test_what_was_taken_waits_again_and_neither_delivery_nor_evidence_changes(node: ReceivingNode) -> None:
    taken = await _taken(node, 3)
    before = await _state(node)
    node.clock.pass_by(60)

    counted = await _ordered(node, since="2020-01-01T00:00:00+07:00", dry_run=True)
    nothing = await _claims(node)
    made = await _ordered(node, since="2020-01-01T00:00:00+07:00", reason="Mất máy chủ")
    again = await _claims(node)
    async with node.client() as client:
        answers = [(await _acknowledge(client, claim)).json() for claim in again]
        repeated = await _acknowledge(client, again[0])
        changed = await _acknowledge(client, again[0], "fail")

    assert (counted.json()["would_make"], nothing) == (3, [])
    assert made.json() == {"agency": "H28.31", "made": 3, "complete": True, "would_make": None}
    assert [(one["delivery_id"], one["redelivery"]) for one in again] == [(delivery, True) for delivery in taken]
    assert {one["transport_status"] for one in answers} == {"done"}
    assert (repeated.status_code, changed.json()["code"]) == (200, "lease-lost")
    assert await _claims(node) == []
    assert await _state(node) == before
    async with node.factory.database.read() as connection:
        [act] = (await connection.execute(select(admin_acts))).all()
    assert (act.act, act.subject, act.reason) == ("redelivery-ordered", "H28.31", "Mất máy chủ")


async def test_the_same_order_again_makes_nothing_twice_and_goes_on_where_it_stopped(
    node: ReceivingNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lienthong.exchange.usecases.order_redeliveries.REDELIVERIES_AT_ONCE", 2)
    await _taken(node, 3)
    since = "2020-01-01T00:00:00Z"

    answers = [(await _ordered(node, since=since)).json() for _ in range(3)]
    other_key = (await _ordered(node, since=since, key="k2")).json()
    misused = await _ordered(node, since="2021-01-01T00:00:00Z")

    assert [(one["made"], one["complete"]) for one in answers] == [(2, False), (3, True), (3, True)]
    assert (other_key["made"], other_key["complete"]) == (0, True), "they wait already"
    assert (misused.status_code, misused.json()["code"]) == (409, "idempotency-key-reused")
    assert len(await _claims(node, limit=100)) == 3
    assert REDELIVERIES_AT_ONCE == 500, "the documented size of a batch"


async def test_only_what_was_handed_over_since_then_comes_again(node: ReceivingNode) -> None:
    await _taken(node)
    node.clock.pass_by(3600)
    since = node.clock.now.isoformat()
    [late] = await _taken(node)
    await node.receive(Letter())

    made = await _ordered(node, since=since)
    claims = await _claims(node)

    assert made.json()["made"] == 1
    assert [one["redelivery"] for one in claims] == [False, True], "what is new goes first"
    assert claims[1]["delivery_id"] == late


async def test_a_lapsed_lease_returns_a_redelivery_and_ends_the_former_claim(node: ReceivingNode) -> None:
    await _taken(node)
    await _ordered(node, since="2020-01-01T00:00:00Z")
    [first] = await _claims(node, lease_seconds=60)
    assert await _claims(node) == []

    node.clock.pass_by(61)
    [second] = await _claims(node)
    async with node.client() as client:
        late, good = await _acknowledge(client, first), await _acknowledge(client, second)

    assert (late.status_code, late.json()["code"], good.status_code) == (409, "lease-lost", 200)


async def test_peeking_pages_through_deliveries_and_then_redeliveries(node: ReceivingNode) -> None:
    await _taken(node, 3)
    await _ordered(node, since="2020-01-01T00:00:00Z")
    for _ in range(2):
        await node.receive(Letter())

    seen: list[tuple[str, bool]] = []
    async with node.client() as client:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
            page = (await client.get("/v1/inbox", params=query)).raise_for_status().json()
            seen += [(one["delivery_id"], one["redelivery"]) for one in page["items"]]
            cursor = page["next"]

    assert [again for _, again in seen] == [False, False, True, True, True]
    assert len(set(seen)) == 5


async def test_another_agency_neither_sees_nor_answers_for_it(node: ReceivingNode) -> None:
    await _taken(node, agency="H28.31.02")
    await _ordered(node, agency="H28.31.02", since="2020-01-01T00:00:00Z")
    [claim] = await _claims(node, "H28.31.02")

    async with node.client("H28.31") as other:
        listed = (await other.get("/v1/inbox")).json()["items"]
        answered = await _acknowledge(other, claim)

    assert listed == await _claims(node, "H28.31") == []
    assert (answered.status_code, answered.json()["code"]) == (404, "delivery-not-found")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"agency": "H28"}, 400, "agency-not-served-here"),
        ({"agency": "H99"}, 400, "agency-not-served-here"),
        ({"since": "2026-03-02T08:00:00"}, 400, "invalid-request"),
        ({"since": "0001-01-01T00:00:00+14:00"}, 400, "invalid-request"),
        ({"key": "đ"}, 400, "idempotency-key-invalid"),
    ],
)
async def test_orders_that_make_no_sense_are_refused(
    node: ReceivingNode, said: dict[str, str], status: int, code: str
) -> None:
    async with node.client() as operator:
        headers = {b"Idempotency-Key": said.get("key", "k1").encode()}
        body = {"agency": "H28.31", "since": "2026-03-02T08:00:00Z", **said}
        body.pop("key", None)
        refused = await operator.post(PATH, json=body, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_an_agency_s_client_orders_nothing(node: ReceivingNode) -> None:
    async with node.client(scopes=[Scope.INBOX, Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE]) as office:
        body = {"agency": "H28.31", "since": "2026-03-02T08:00:00Z"}
        refused = await office.post(PATH, json=body, headers={"Idempotency-Key": "k1"})

    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
