"""Recalls, updates and replacements as they reach the node H28.31 from the node of their sender."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from lienthong.exchange.domain.amendments import AmendmentKind, ArrivedAmendment, Target
from lienthong.exchange.storage.schema import evidence
from lienthong.exchange.usecases.store_documents import DocumentPlan
from lienthong.shared.identifiers import DocumentId
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode

BUSINESS_TYPES = {AmendmentKind.RECALL: 1, AmendmentKind.UPDATE: 2, AmendmentKind.REPLACE: 3}
SUBJECT = Letter().sender_document_id


async def request(
    node: ReceivingNode,
    kind: AmendmentKind = AmendmentKind.RECALL,
    *,
    about: str = SUBJECT,
    documents: Sequence[DocumentId] = (),
    own_document_id: str | None = None,
    **letter: Any,
) -> DocumentPlan:
    """A request about the DocumentId ``about``, and, as its origin knew them, about ``documents``."""
    own = own_document_id or about
    sent = Letter(business_type=BUSINESS_TYPES[kind], sender_document_id=own, **letter)
    plan = await node.plan(sent)
    asks = ArrivedAmendment(
        id=plan.document.id,
        origin=plan.document.origin,
        kind=kind,
        sender=plan.document.sender,
        own_document_id=own,
        targets=(Target(document_id=about),),
        documents=tuple(documents),
        reason="Gửi nhầm phụ lục",
        at=node.clock.now,
    )
    return dataclasses.replace(plan, amendment=asks)


async def ask(node: ReceivingNode, kind: AmendmentKind = AmendmentKind.RECALL, **about: Any) -> DocumentId:
    """The same, stored as the consumer does; the request's id."""
    plan = await request(node, kind, **about)
    await node.store(plan)
    return plan.document.id


async def read(node: ReceivingNode, document: str, *, agency: str = "H28.31", what: str = "") -> dict[str, Any]:
    """What the node says of a document to one agency."""
    async with node.client(agency) as client:
        answer = await client.get(f"/v1/documents/{document}{what}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def outcome(node: ReceivingNode, document: str, *, agency: str = "H28.31") -> tuple[str, str, list[str]]:
    """Transport status and reason of the first delivery, and the states of all that was asked about it."""
    delivery = (await read(node, document, agency=agency))["deliveries"][0]
    states = [one["state"] for one in delivery["amendments"]]
    return delivery["transport_status"], delivery["transport_reason"], states


async def waiting(node: ReceivingNode, agency: str = "H28.31") -> list[str]:
    """Ids of the documents in the inbox."""
    async with node.client(agency) as client:
        return [one["document"]["id"] for one in (await client.get("/v1/inbox")).json()["items"]]


async def acknowledge(node: ReceivingNode, held: dict[str, Any], result: str = "done") -> int:
    """The status of the answer."""
    body = {"lease_token": held["lease_token"], "result": result}
    async with node.client() as client:
        return (await client.post(f"/v1/deliveries/{held['delivery_id']}/acknowledgement", json=body)).status_code


async def answer(
    node: ReceivingNode, document: str, code: str, *, agency: str = "H28.31", **said: Any
) -> tuple[int, str]:
    """Posts 15 or 16; the status of the answer and the problem's code, if it is one."""
    body = {"code": code, "description": said.pop("description", "Đã triển khai"), **said}
    async with node.client(agency) as client:
        response = await client.post(f"/v1/documents/{document}/statuses", json=body)
    return response.status_code, response.json().get("code", "")


async def stated(node: ReceivingNode, event: str) -> list[str]:
    """Reason codes of all evidence of that event."""
    async with node.factory.database.read() as connection:
        rows = (await connection.execute(evidence.select().where(evidence.c.event == event))).all()
    return [row.claims["reason_code"] for row in rows]
