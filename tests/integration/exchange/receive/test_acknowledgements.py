from typing import Any

import httpx
import pytest
from sqlalchemy import select

from lienthong.exchange.storage.schema import evidence, outbox
from lienthong.shared.contracts.envelope import ENVELOPE_TYPE, Envelope
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode


async def claimed(node: ReceivingNode, *, lease_seconds: int = 60) -> dict[str, Any]:
    async with node.client() as client:
        response = await client.post("/v1/inbox/claims", json={"lease_seconds": lease_seconds})
    claim: dict[str, Any] = response.json()["claims"][0]
    return claim


async def acknowledge(
    node: ReceivingNode, claim: dict[str, Any], result: str = "done", *, agency: str = "H28.31", description: str = ""
) -> httpx.Response:
    body = {"lease_token": claim["lease_token"], "result": result, "description": description}
    async with node.client(agency) as client:
        return await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=body)


async def stored(node: ReceivingNode) -> tuple[list[Any], list[Any]]:
    """Evidence and outbox rows."""
    async with node.factory.database.read() as connection:
        kept = (await connection.execute(select(evidence))).all()
        queued = (await connection.execute(select(outbox))).all()
    return list(kept), list(queued)


async def test_an_acknowledged_delivery_is_done_and_evidence_of_it_is_on_its_way_home(node: ReceivingNode) -> None:
    await node.receive(Letter())
    claim = await claimed(node)

    answer = await acknowledge(node, claim)

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["transport_status"]) == (claim["delivery_id"], "done")
    [kept], [queued] = await stored(node)
    assert kept.event == "ContentHandover"
    assert kept.claims["recipients"][0]["outcome"] == "handed-over"
    assert kept.claims["actor"] == "eoffice.H28.31"
    trust = node.factory.trust.current()
    opened = open_seal(queued.envelope, typ=ENVELOPE_TYPE, trust=trust, at=node.clock.now, profile=Profile.NODE_SEAL)
    assert queued.destination == "H28"
    assert Envelope.model_validate_json(opened.payload).evidence == (kept.jws,)
    async with node.client() as client:
        assert (await client.get("/v1/inbox")).json()["items"] == []


async def test_a_failure_says_why(node: ReceivingNode) -> None:
    await node.receive(Letter())

    answer = await acknowledge(node, await claimed(node), "fail", description="Tệp đính kèm không mở được")

    assert answer.json()["transport_status"] == "fail"
    assert answer.json()["transport_detail"] == "Tệp đính kèm không mở được"
    [kept], _ = await stored(node)
    assert kept.event == "ContentHandoverFailure"
    assert kept.claims["reason_code"] == "recipient-reported-failure"


async def test_nothing_travels_when_the_document_was_sent_here(node: ReceivingNode) -> None:
    await node.receive(Letter(sender="H28.31.01"))

    assert (await acknowledge(node, await claimed(node))).status_code == 200

    kept, queued = await stored(node)
    assert (len(kept), queued) == (1, [])


async def test_a_repeated_acknowledgement_is_answered_alike_and_states_nothing_twice(node: ReceivingNode) -> None:
    await node.receive(Letter())
    claim = await claimed(node)

    first = await acknowledge(node, claim)
    node.clock.pass_by(3600)
    again = await acknowledge(node, claim)

    assert (again.status_code, again.json()) == (200, first.json())
    kept, queued = await stored(node)
    assert (len(kept), len(queued)) == (1, 1)


async def test_a_delivery_that_somebody_else_claimed_is_lost(node: ReceivingNode) -> None:
    await node.receive(Letter())
    slow = await claimed(node)
    node.clock.pass_by(61)
    quick = await claimed(node)

    refused = await acknowledge(node, slow)

    assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")
    assert (await acknowledge(node, quick)).status_code == 200
    assert len((await stored(node))[0]) == 1


async def test_a_late_acknowledgement_counts_when_nobody_else_claimed(node: ReceivingNode) -> None:
    await node.receive(Letter())
    claim = await claimed(node)
    node.clock.pass_by(61)

    assert (await acknowledge(node, claim)).json()["transport_status"] == "done"


async def test_an_acknowledgement_cannot_be_taken_back(node: ReceivingNode) -> None:
    await node.receive(Letter())
    claim = await claimed(node)
    await acknowledge(node, claim, "done")

    refused = await acknowledge(node, claim, "fail")

    assert (refused.status_code, refused.json()["code"], refused.json()["result"]) == (409, "lease-lost", "done")


@pytest.mark.parametrize("token", ["", "another", "x" * 64])
async def test_an_invented_token_does_not_answer_for_a_delivery(node: ReceivingNode, token: str) -> None:
    await node.receive(Letter())
    claim = await claimed(node)

    refused = await acknowledge(node, {**claim, "lease_token": token})

    assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")


async def test_another_agency_s_delivery_does_not_exist(node: ReceivingNode) -> None:
    await node.receive(Letter())
    claim = await claimed(node)
    unknown = {**claim, "delivery_id": "nonsense"}

    refusals = [await acknowledge(node, claim, agency="H28.31.02"), await acknowledge(node, unknown)]

    assert [(one.status_code, one.json()["code"]) for one in refusals] == [(404, "delivery-not-found")] * 2
    assert refusals[0].json()["detail"] == refusals[1].json()["detail"]
