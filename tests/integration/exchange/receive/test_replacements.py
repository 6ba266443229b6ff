"""Updates, replacements, answers that are early, and recalls in other words, at the node of the recipient."""

import dataclasses
from datetime import timedelta
from typing import Any

from lienthong.exchange.domain.amendments import AmendmentKind
from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode
from tests.integration.exchange.receive.asking import SUBJECT, acknowledge, answer, ask, outcome, read, stated, waiting
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode
from tests.integration.exchange.receive.test_claims import claim

NEW = "000.00.00.H28,2026/03/05,190/KH-UBND"
AGREES = BusinessStatus.RECALL_AGREED


async def said(node: ReceivingNode, code: BusinessStatus, **changes: Any) -> None:
    """A status that the recipient's own e-office system wrote, and that knows no ids of the platform."""
    plan = await node.plan(Letter(sender="H28.31", to=(), elsewhere=("H28",), kind=DocumentKind.STATUS))
    status = ArrivedStatus(
        id=plan.document.id,
        from_agency=AgencyCode("H28.31"),
        to_agency=AgencyCode("H28"),
        response_document_id=SUBJECT,
        code=code,
        description="",
        staff=None,
        at=node.clock.now,
    )
    await node.store(dataclasses.replace(plan, status=dataclasses.replace(status, **changes)))


async def test_an_update_is_asked_and_the_first_version_stays(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    update = await ask(node, AmendmentKind.UPDATE)

    assert await outcome(node, arrived.document) == ("initial", "", ["asked"])
    assert await waiting(node) == [arrived.document, update]
    assert await answer(node, update, "15") == (201, "")
    assert await outcome(node, arrived.document) == ("initial", "", ["agreed"])


async def test_a_replacement_of_what_nobody_has_claimed_leaves_only_the_new_one(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    new = await ask(node, AmendmentKind.REPLACE, own_document_id=NEW)

    assert await outcome(node, arrived.document) == ("fail", "replaced", ["effective"])
    assert await waiting(node) == [new]
    assert await stated(node, "ContentHandoverFailure") == ["replaced"]


async def test_a_replacement_of_what_was_taken_is_agreed_to_or_refused(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await acknowledge(node, (await claim(node))[0])

    new = await ask(node, AmendmentKind.REPLACE, own_document_id=NEW)

    assert await answer(node, new, "16") == (201, "")
    assert await outcome(node, arrived.document) == ("done", "", ["refused"])


async def test_a_document_that_was_replaced_has_nothing_to_take_back(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    new = await ask(node, AmendmentKind.REPLACE, own_document_id=NEW)

    await ask(node)
    await ask(node, about=NEW)

    assert await outcome(node, arrived.document) == ("fail", "replaced", ["effective", "moot"])
    assert await outcome(node, new) == ("fail", "recalled", ["effective"])


async def test_a_recall_takes_back_the_updates_under_the_same_number_too(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    update = await ask(node, AmendmentKind.UPDATE)

    recall = await ask(node)

    assert await waiting(node) == [recall]
    assert await outcome(node, arrived.document) == ("fail", "recalled", ["moot", "effective"])
    assert await outcome(node, update) == ("fail", "recalled", ["effective"])


async def test_an_answer_by_number_only_answers_what_is_asked(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await acknowledge(node, (await claim(node))[0])
    await ask(node)
    await said(node, BusinessStatus.RECALL_REFUSED)
    await ask(node, AmendmentKind.REPLACE, own_document_id=NEW)

    await said(node, AGREES, response_document_id=NEW)

    assert await outcome(node, arrived.document) == ("done", "", ["refused", "agreed"])


async def test_an_answer_that_comes_before_the_question_waits_for_it(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    [held] = await claim(node)
    await said(node, AGREES)
    assert await outcome(node, arrived.document) == ("processing", "", [])

    await ask(node)

    assert await outcome(node, arrived.document) == ("fail", "recalled", ["agreed"])
    assert await acknowledge(node, held) == 409


async def test_a_recall_and_its_answer_that_come_before_their_document_wait_for_it(node: ReceivingNode) -> None:
    late = await node.plan(Letter())
    recall = await ask(node)
    await said(node, AGREES, replies_to=recall)

    await node.store(late)

    assert await outcome(node, late.document.id) == ("fail", "recalled", ["agreed"])


async def test_the_answer_of_somebody_else_settles_nothing(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(to=("H28.31", "H28.31.02")))
    await claim(node)
    recall = await ask(node, to=("H28.31", "H28.31.02"))

    await said(node, AGREES, from_agency="H28.31.02", replies_to=recall)

    assert await outcome(node, arrived.document) == ("processing", "", ["asked"])


async def test_answers_and_recalls_stand_in_the_timeline(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await claim(node)
    node.clock.pass_by(1)
    recall = await ask(node)
    node.clock.pass_by(1)
    await answer(node, recall, "16")

    items = (await read(node, arrived.document, what="/timeline"))["items"]

    assert [(one["kind"], one["status"]["code"], one["status"]["applied"]) for one in items] == [
        ("amendment", "13", True),
        ("status", "16", True),
    ]
    assert items[0]["at"] == (node.clock.now - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
