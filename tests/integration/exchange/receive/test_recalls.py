"""A recall at the node of the recipient: before and after receipt, out of order, repeated, by somebody else."""

import asyncio
from datetime import timedelta

import pytest

from lienthong.exchange.domain.amendments import AmendmentKind
from lienthong.exchange.domain.listings import InboxQuery
from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.claim_deliveries import claim_deliveries
from lienthong.exchange.usecases.expire_deliveries import expire_deliveries
from lienthong.shared.identifiers import AgencyCode, DocumentId, new_uuid
from tests.integration.exchange.receive.asking import (
    SUBJECT,
    acknowledge,
    answer,
    ask,
    outcome,
    read,
    request,
    stated,
    waiting,
)
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode
from tests.integration.exchange.receive.test_claims import claim
from tests.support.pki import NOW

TAKEN_BACK = ("fail", "recalled", ["effective"])


async def test_what_nobody_has_claimed_leaves_the_inbox_at_once(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    recall = await ask(node, documents=[arrived.document])

    assert await outcome(node, arrived.document) == TAKEN_BACK
    assert await waiting(node) == [recall]
    assert await stated(node, "ContentHandoverFailure") == ["recalled"]
    async with node.factory.database.read() as connection:
        assert (await connection.execute(outbox.select())).one().destination == "H28"
    timeline = (await read(node, arrived.document, what="/timeline"))["items"]
    told = {(one["kind"], one["event"], one["status"] and one["status"]["code"]) for one in timeline}
    assert told == {("amendment", None, "13"), ("evidence", "ContentHandoverFailure", None)}
    asking = await read(node, recall)
    assert [(one["document_id"], one["state"]) for one in asking["amends"]] == [(arrived.document, "effective")]
    assert asking["amends_waiting"] is False


async def test_of_what_somebody_holds_it_asks_and_an_agreement_ends_the_delivery(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    [held] = await claim(node)

    recall = await ask(node)

    assert await outcome(node, arrived.document) == ("processing", "", ["asked"])
    assert await answer(node, recall, "15") == (201, "")
    assert await outcome(node, arrived.document) == ("fail", "recalled", ["agreed"])
    assert await acknowledge(node, held) == 409
    assert await stated(node, "ContentHandoverFailure") == ["recalled"]


async def test_a_lapsed_lease_is_a_claim_all_the_same(node: ReceivingNode) -> None:
    """Its client may have the document: its late acknowledgement would count."""
    arrived = await node.receive(Letter())
    [held] = await claim(node, lease_seconds=60)
    node.clock.pass_by(61)

    await ask(node)

    assert await outcome(node, arrived.document) == ("initial", "", ["asked"])
    assert await acknowledge(node, held) == 200


async def test_what_was_handed_over_stays_so_and_the_agreement_is_an_outcome_of_its_own(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await acknowledge(node, (await claim(node))[0])
    await ask(node)

    assert await answer(node, arrived.document, "15") == (201, "")

    assert await outcome(node, arrived.document) == ("done", "", ["agreed"])
    assert await stated(node, "ContentHandoverFailure") == []
    later = await ask(node, AmendmentKind.UPDATE, own_document_id="later")
    assert await outcome(node, arrived.document) == ("done", "", ["agreed", "moot"])
    assert await answer(node, later, "15") == (409, "nothing-asked")


async def test_a_refusal_says_why_and_the_sender_may_ask_again(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await acknowledge(node, (await claim(node))[0])
    first = await ask(node)

    assert await answer(node, first, "16", description=" ") == (400, "refusal-without-reason")
    assert await answer(node, first, "16") == (201, "")
    second = await ask(node)

    assert await outcome(node, arrived.document) == ("done", "", ["refused", "asked"])
    assert await answer(node, second, "15") == (201, "")
    assert await outcome(node, arrived.document) == ("done", "", ["refused", "agreed"])
    [refused, _] = (await read(node, arrived.document))["deliveries"][0]["amendments"]
    assert refused["answer_reason"] == "Đã triển khai"


async def test_a_recipient_that_was_not_asked_has_nothing_to_agree_to(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    assert await answer(node, arrived.document, "15") == (409, "nothing-asked")

    assert await outcome(node, arrived.document) == ("initial", "", [])


async def test_the_same_answer_again_is_answered_as_before(node: ReceivingNode) -> None:
    await node.receive(Letter())
    await claim(node)
    recall = await ask(node)

    assert [await answer(node, recall, "15") for _ in range(2)] == [(201, "")] * 2


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_recall_that_overtakes_its_document_waits_for_it(node: ReceivingNode, *, is_known: bool) -> None:
    late = await node.plan(Letter())
    recall = await ask(node, documents=[late.document.id] if is_known else [])
    assert (await read(node, recall))["amends_waiting"] is True

    await node.store(late)

    assert await outcome(node, late.document.id) == TAKEN_BACK
    assert await waiting(node) == [recall]
    assert (await read(node, recall))["amends_waiting"] is False


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_document_sent_anew_under_the_same_number_is_not_taken_back(
    node: ReceivingNode, *, is_known: bool
) -> None:
    first = await node.plan(Letter())
    await ask(node, documents=[first.document.id] if is_known else [])
    await node.store(first)
    anew = await node.plan(Letter())

    await node.store(anew)

    assert await outcome(node, anew.document.id) == ("initial", "", [])


async def test_a_recall_and_its_document_in_one_batch_find_each_other(node: ReceivingNode) -> None:
    late = await node.plan(Letter())

    await node.store(await request(node, documents=[late.document.id]), late)

    assert await outcome(node, late.document.id) == TAKEN_BACK


async def test_a_recall_that_waits_for_two_under_one_number_gets_both_out_of_one_batch(node: ReceivingNode) -> None:
    both = [await node.plan(Letter()) for _ in range(2)]
    await ask(node, documents=[one.document.id for one in both])

    await node.store(*both)

    assert [await outcome(node, one.document.id) for one in both] == [TAKEN_BACK] * 2


async def test_a_recall_and_its_document_in_two_transactions_at_once_find_each_other(node: ReceivingNode) -> None:
    """Each would see nothing of the other without the lock of their DocumentId."""
    pairs = []
    for number in range(12):
        subject = f"H28,2026/03/02,{number}/KH-UBND"
        late = await node.plan(Letter(sender_document_id=subject))
        pairs.append((late, await request(node, about=subject, documents=[late.document.id])))

    await asyncio.gather(*(node.store(plan) for late, recall in pairs for plan in (late, recall)))

    assert [await outcome(node, late.document.id) for late, _ in pairs] == [TAKEN_BACK] * 12


async def test_a_repeated_recall_changes_nothing(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    for _ in range(3):
        await ask(node)

    assert await outcome(node, arrived.document) == ("fail", "recalled", ["effective"] * 3)
    assert await stated(node, "ContentHandoverFailure") == ["recalled"]


async def test_repeated_questions_are_settled_by_one_answer(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    await claim(node)
    first, _ = await ask(node), await ask(node)

    await answer(node, first, "16")

    assert await outcome(node, arrived.document) == ("processing", "", ["refused", "refused"])


async def test_another_agency_cannot_take_back_what_it_did_not_send(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    for documents in ([], [arrived.document]):
        recall = await ask(node, sender="H28.31.05", documents=documents)
        assert (await read(node, recall))["amends"] == []

    assert await outcome(node, arrived.document) == ("initial", "", [])


async def test_an_origin_that_names_another_document_takes_back_nothing(node: ReceivingNode) -> None:
    """The package says one DocumentId, the envelope names the id of a document under another."""
    arrived = await node.receive(Letter(sender_document_id="another"))

    await ask(node, documents=[arrived.document])

    assert await outcome(node, arrived.document) == ("initial", "", [])


async def test_a_recall_of_one_of_two_under_the_same_number_leaves_the_other(node: ReceivingNode) -> None:
    first, second = await node.receive(Letter()), await node.receive(Letter())

    await ask(node, documents=[second.document])

    assert await outcome(node, first.document) == ("initial", "", [])
    assert await outcome(node, second.document) == TAKEN_BACK


async def test_a_recall_speaks_only_for_the_recipients_that_it_names(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(to=("H28.31", "H28.31.02")))

    await ask(node, to=("H28.31.02",))

    assert await outcome(node, arrived.document) == ("initial", "", [])
    assert await outcome(node, arrived.document, agency="H28.31.02") == TAKEN_BACK


async def test_what_expired_has_nothing_to_take_back(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter(expires_at=NOW + timedelta(minutes=1)))
    node.clock.pass_by(60)
    await expire_deliveries(node.factory)

    await ask(node)

    assert await outcome(node, arrived.document) == ("fail", "expired", ["moot"])


async def test_an_open_question_closes_when_the_delivery_fails_otherwise(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    [held] = await claim(node)
    await ask(node)

    await acknowledge(node, held, "fail")

    assert await outcome(node, arrived.document) == ("fail", "recipient-reported-failure", ["moot"])


async def test_a_claim_and_a_recall_at_once_have_one_winner(node: ReceivingNode) -> None:
    """The lock of the row decides: either somebody has the document and is asked, or nobody ever gets it."""
    arrived = [await node.receive(Letter(sender_document_id=f"{SUBJECT}/{n}")) for n in range(16)]
    recalls = [await request(node, about=f"{SUBJECT}/{n}") for n in range(16)]
    query = InboxQuery(agencies=[AgencyCode("H28.31")], kind=None, limit=1)

    async def take() -> set[DocumentId]:
        claims = await claim_deliveries(query, node.factory, client_id="c", lease=timedelta(hours=1))
        return {one.document.id for one in claims}

    async def ask_back(number: int) -> set[DocumentId]:
        await node.store(recalls[number])
        return set()

    both = (one for n in range(16) for one in ((take(), ask_back(15 - n)) if n % 2 else (ask_back(15 - n), take())))
    claimed = set[DocumentId]().union(*await asyncio.gather(*both))

    for one in arrived:
        expected = ("processing", "", ["asked"]) if one.document in claimed else TAKEN_BACK
        assert await outcome(node, one.document) == expected


async def test_a_recall_of_what_is_not_here_waits_and_does_nothing(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())

    recall = await ask(node, documents=[DocumentId(new_uuid())])

    assert await outcome(node, arrived.document) == ("initial", "", [])
    assert (await read(node, recall))["amends_waiting"] is True
