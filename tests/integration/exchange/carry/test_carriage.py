"""What a node does with messages that are tampered with, repeated, forged, or come while something is away."""

import asyncio
import dataclasses
import hashlib
from datetime import timedelta
from typing import Any

from lienthong.exchange.domain.envelopes import Leg, document_envelope
from lienthong.exchange.domain.evidence import Happening, outcomes
from lienthong.exchange.storage.operations_schema import dead_letters
from lienthong.exchange.storage.schema import deliveries, documents, evidence, inbox, outbox
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.shared.bus import Message
from lienthong.shared.contracts.envelope import Envelope, EnvelopeDelivery
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.identifiers import DeliveryId, MessageId, Sha256, new_uuid
from lienthong.shared.signatures.seals import claimed_payload
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import Tree, eventually, letter
from tests.integration.exchange.retention.later import retained


async def _events(tree: Tree, node: str) -> set[tuple[str, str]]:
    return {(one["event"], one["issuer"]) for one in await tree[node].rows(evidence)}


async def test_a_body_changed_on_its_way_is_fetched_from_the_sending_node_instead(tree: Tree) -> None:
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    message = await waiting_message(tree["H28"])
    tree["G22"].start()

    await published(tree, dataclasses.replace(message, body=message.body.replace(b"181", b"999")), by="H28")

    assert await tree["G22"].rows(dead_letters) == []
    assert await tree["G22"].blobs() == await tree["H28"].blobs()
    assert len(await tree["G22"].rows(deliveries)) == 1


async def test_a_refused_document_is_buried_and_the_origin_marks_its_delivery_failed(tree: Tree) -> None:
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    message = await waiting_message(tree["H28"])
    narrow = tree["G22"].factory.settings.model_copy(update={"max_package_bytes": 100})
    tree["G22"].factory = dataclasses.replace(tree["G22"].factory, settings=narrow)
    tree["G22"].start()

    await published(tree, message, by="H28")

    assert [one["code"] for one in await tree["G22"].rows(dead_letters)] == ["package-too-large"]
    assert await tree["G22"].rows(documents) == []
    assert await _events(tree, "G22") == {("ContentConsignmentFailure", "G22")}
    tree["H28"].start()
    await eventually(lambda: _transport(tree, "H28", "fail"))
    [delivery] = await tree["H28"].rows(deliveries)
    assert delivery["transport_detail"] == "This node takes packages of up to 100 bytes."


async def test_a_repeated_message_has_no_second_effect(tree: Tree) -> None:
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    message = await waiting_message(tree["H28"])
    tree["G22"].start()

    for _ in range(3):
        await published(tree, message, by="H28")

    counts = [len(await tree["G22"].rows(table)) for table in (documents, deliveries, inbox, evidence)]
    assert counts == [1, 1, 1, 2]


async def test_a_forged_message_leaves_nothing_behind(tree: Tree) -> None:
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    message = await waiting_message(tree["H28"])
    tree["G22"].start()
    head, payload, signature = message.envelope.split(".")

    await published(tree, dataclasses.replace(message, envelope=f"{head}.{payload}.A{signature[1:]}"), by="H28")

    assert [one["code"] for one in await tree["G22"].rows(dead_letters)] == ["seal-invalid"]
    assert [await tree["G22"].rows(table) for table in (documents, inbox, evidence, outbox)] == [[], [], [], []]


async def test_a_node_that_is_not_the_recipients_cannot_state_a_handover(tree: Tree) -> None:
    answer = await tree.submit("H28.31.05", letter("H28.31.05", ["G22"], folder=tree.folder))
    tree["H28.31.05"].start()
    message = await _forged_handover(tree, answer.json())

    await published(tree, message, by="H28.31")

    assert [one["code"] for one in await tree["H28.31.05"].rows(dead_letters)] == ["evidence-not-entitled"]
    [delivery] = await tree["H28.31.05"].rows(deliveries)
    assert delivery["transport_status"] == "initial"


async def test_the_id_of_another_document_cannot_be_taken_over(tree: Tree) -> None:
    tree["G22"].start()
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    true = await waiting_message(tree["H28"])
    await published(tree, true, by="H28")
    body = letter("H28", ["G22"], folder=tree.folder, attachment=b"%PDF-1.7 another")

    await published(tree, _under_the_same_id(tree, true, body), by="H28")

    assert [one["code"] for one in await tree["G22"].rows(dead_letters)] == ["document-id-taken"]
    assert len(await tree["G22"].rows(deliveries)) == 1
    await retained(tree["G22"].factory, after=timedelta())
    assert len(await tree["G22"].blobs()) == 1


async def test_messages_wait_while_a_node_is_off_and_then_arrive_once(tree: Tree) -> None:
    for name in ("H28.31.05", "H28"):
        tree[name].start()
    for number in range(10):
        await tree.submit("H28.31.05", letter("H28.31.05", ["H28"], folder=tree.folder, number=str(number)))
    await asyncio.sleep(0.3)
    assert await tree["H28"].rows(deliveries) == []

    tree["H28.31"].start()

    await eventually(lambda: _count(tree, "H28", 10))
    assert len(await tree["H28"].rows(inbox)) == 10


async def test_the_recipients_acknowledgement_comes_home_as_done(tree: Tree) -> None:
    tree.start()
    await tree.submit("H28.31.05", letter("H28.31.05", ["H28"], folder=tree.folder))
    await eventually(lambda: _count(tree, "H28", 1))

    async with tree.client("H28") as client:
        [claim] = (await client.post("/v1/inbox/claims", json={})).json()["claims"]
        done = {"lease_token": claim["lease_token"], "result": "done"}
        await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=done)

    await eventually(lambda: _transport(tree, "H28.31.05", "done"))
    assert ("ContentHandover", "H28") in await _events(tree, "H28.31.05")


async def _transport(tree: Tree, node: str, status: str) -> bool:
    return {one["transport_status"] for one in await tree[node].rows(deliveries)} == {status}


async def _count(tree: Tree, node: str, count: int) -> bool:
    return len(await tree[node].rows(deliveries)) == count


async def _forged_handover(tree: Tree, answer: dict[str, Any]) -> Message:
    """The relay H28.31 says that G22's recipient took the document."""
    relay = tree["H28.31"].factory
    recorder = EvidenceRecorder(here=relay.here, seal_key=relay.seal_key, directory=relay.directory.current())
    [row] = await tree["H28.31.05"].rows(outbox)
    about = Envelope.model_validate_json(claimed_payload(row["envelope"])).document
    [said] = answer["recipients"]
    delivery = EnvelopeDelivery(id=said["delivery_id"], addressed_to="G22", agency=said["code"], node=said["node"])
    happening = Happening(event=Event.CONTENT_HANDOVER, node=relay.here, time=relay.clock())
    sealed = recorder.seal(happening, document=about, recipients=outcomes((delivery,), "handed-over"))
    [entry] = recorder.homeward(about, [sealed])
    return Message(id=entry.id, destination=entry.destination, envelope=entry.envelope)


def _under_the_same_id(tree: Tree, message: Message, body: bytes) -> Message:
    """The origin H28 seals another package as the document that ``message`` carries."""
    factory = tree["H28"].factory
    recorder = EvidenceRecorder(here=factory.here, seal_key=factory.seal_key, directory=factory.directory.current())
    envelope = Envelope.model_validate_json(claimed_payload(message.envelope))
    digest = Sha256(hashlib.sha256(body).hexdigest())
    package = envelope.document.package.model_copy(update={"sha256": digest, "size": len(body)})
    about = envelope.document.model_copy(update={"package": package})
    redirected = tuple(one.model_copy(update={"id": DeliveryId(new_uuid())}) for one in envelope.deliveries)
    happening = Happening(event=Event.SUBMISSION_ACCEPTANCE, node=factory.here, time=about.submitted_at)
    accepted = recorder.seal(happening, document=about, recipients=outcomes(redirected, "accepted"))
    leg = Leg(next_hop=envelope.audience, deliveries=redirected)
    forged = document_envelope(
        MessageId(new_uuid()), leg, here=factory.here, document=about, evidence=(accepted.jws,), at=factory.clock()
    )
    entry = recorder.outbox_entry([forged])
    return Message(id=entry.id, destination=entry.destination, envelope=entry.envelope, body=body)
