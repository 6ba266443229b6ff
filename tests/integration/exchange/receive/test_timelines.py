from datetime import timedelta
from typing import Any

from lienthong.exchange.usecases.apply_status import ArrivedStatus, apply_status
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.identifiers import AgencyCode, DocumentId, new_uuid
from tests.integration.exchange.receive.receiving_node import Arrived, Letter, ReceivingNode

LETTER = Letter(sender="H28.31", to=("H28.31.01", "H28.31.02"), elsewhere=("H28.31.05",))


def status(node: ReceivingNode, code: str, *, agency: str = "H28.31.05", **changes: Any) -> ArrivedStatus:
    said: dict[str, Any] = {
        "id": DocumentId(new_uuid()),
        "from_agency": AgencyCode(agency),
        "to_agency": AgencyCode("H28.31"),
        "response_document_id": LETTER.sender_document_id,
        "code": BusinessStatus(code),
        "description": "Gửi nhầm" if code == "02" else "",
        "staff": StaffInfo(staff="Cán Bộ Thử"),
        "at": node.clock.now,
    }
    return ArrivedStatus(**(said | changes))


async def arrive(node: ReceivingNode, *said: ArrivedStatus) -> None:
    for one in said:
        async with node.factory.database.begin() as connection:
            await apply_status(connection, one, is_arrival=True)


async def seen(node: ReceivingNode, sent: Arrived, *, agency: str = "H28.31") -> tuple[dict[str, Any], list[Any]]:
    """Business status by recipient, and the timeline's statuses."""
    async with node.client(agency) as client:
        document = (await client.get(f"/v1/documents/{sent.document}")).json()
        timeline = (await client.get(f"/v1/documents/{sent.document}/timeline")).json()["items"]
    standing = {one["code"]: one["business_status"] for one in document["deliveries"]}
    return standing, [(one["deliveries"], one["status"]) for one in timeline if one["kind"] == "status"]


async def test_statuses_move_their_own_delivery_forward_and_late_ones_are_kept(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)

    for code in ("01", "05", "03", "05", "06"):
        node.clock.pass_by(1)
        await arrive(node, status(node, code))

    standing, said = await seen(node, sent)
    assert standing == {"H28.31.01": None, "H28.31.02": None, "H28.31.05": "06"}
    assert [(one["code"], one["applied"]) for _, one in said] == [
        ("01", True),
        ("05", True),
        ("03", False),
        ("05", False),
        ("06", True),
    ]
    assert {tuple(deliveries) for deliveries, _ in said} == {(sent.deliveries["H28.31.05"],)}
    assert said[0][1]["staff"]["staff"] == "Cán Bộ Thử"


async def test_a_status_that_comes_again_changes_nothing(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)
    refused = status(node, "02")

    await arrive(node, refused, refused)

    standing, said = await seen(node, sent)
    assert standing["H28.31.05"] == "02"
    assert [(one["code"], one["description"], one["applied"]) for _, one in said] == [("02", "Gửi nhầm", True)]


async def test_a_status_of_an_unknown_document_or_of_a_stranger_changes_nothing(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)

    await arrive(
        node,
        status(node, "06", response_document_id="another"),
        status(node, "06", to_agency=AgencyCode("H28")),
        status(node, "06", agency="H28"),
    )

    standing, said = await seen(node, sent)
    assert (set(standing.values()), said) == ({None}, [])


async def test_a_recipient_sees_its_own_part_of_the_timeline(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)
    await arrive(node, status(node, "03", agency="H28.31.01"), status(node, "02", agency="H28.31.02"))

    standing, said = await seen(node, sent, agency="H28.31.02")

    assert standing == {"H28.31.02": "02"}
    assert [one["code"] for _, one in said] == ["02"]


async def test_evidence_and_statuses_stand_in_the_order_of_time(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)
    await arrive(node, status(node, "06", agency="H28.31.01", at=node.clock.now + timedelta(minutes=2)))
    await arrive(node, status(node, "01", agency="H28.31.01", at=node.clock.now - timedelta(minutes=2)))
    async with node.client("H28.31.01") as client:
        [claim] = (await client.post("/v1/inbox/claims", json={})).json()["claims"]
        body = {"lease_token": claim["lease_token"], "result": "done"}
        await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=body)
        timeline = (await client.get(f"/v1/documents/{sent.document}/timeline")).json()["items"]

    assert [(one["kind"], one["event"] or one["status"]["code"]) for one in timeline] == [
        ("status", "01"),
        ("evidence", "ContentHandover"),
        ("status", "06"),
    ]
    assert timeline[1]["event_uri"] == "http://uri.etsi.org/19522/Event/ContentHandover"
    assert timeline[1]["evidence"].count(".") == 2
    assert timeline[1]["recipients"][0]["outcome"] == "handed-over"


async def test_a_status_reaches_the_document_it_answers_though_another_repeats_its_number(node: ReceivingNode) -> None:
    first = await node.receive(LETTER)
    second = await node.receive(LETTER)

    await arrive(node, status(node, "03", replies_to=first.document))

    assert (await seen(node, first))[0]["H28.31.05"] == "03"
    assert (await seen(node, second))[0]["H28.31.05"] is None


async def test_a_status_cannot_claim_to_answer_a_document_of_another_sender(node: ReceivingNode) -> None:
    sent = await node.receive(LETTER)

    await arrive(node, status(node, "03", replies_to=sent.document, to_agency=AgencyCode("H28")))

    assert (await seen(node, sent))[0]["H28.31.05"] is None
