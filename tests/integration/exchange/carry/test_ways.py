"""Ways that lead nowhere: to and fro between nodes whose directories differ, and receipts too long to travel."""

import pytest

from lienthong.exchange.domain.envelopes import EVIDENCE_CHARACTERS_PER_ENVELOPE, evidence_envelope
from lienthong.exchange.errors import WayUnclear
from lienthong.exchange.storage.schema import deliveries, evidence, inbox, outbox
from lienthong.exchange.usecases.accept_envelopes import prepare_arrival
from lienthong.shared.identifiers import MessageId, new_uuid
from tests.integration.exchange.carry.handing_over import COMMUNE, DISTRICT, handed_over
from tests.integration.exchange.carry.tree import Tree, eventually, letter


async def test_a_document_does_not_go_back_where_it_came_from(tree: Tree) -> None:
    package = letter(COMMUNE, [COMMUNE], folder=tree.folder)

    with pytest.raises(WayUnclear):
        await prepare_arrival((handed_over(tree, package, recipient=COMMUNE),), package, tree[DISTRICT].factory)

    assert [await tree[DISTRICT].rows(table) for table in (evidence, inbox, outbox)] == [[], [], []]


async def test_evidence_does_not_go_back_where_it_came_from(tree: Tree) -> None:
    about = handed_over(tree, b"").document
    envelope = evidence_envelope(
        MessageId(new_uuid()), DISTRICT, here=COMMUNE, document=about, evidence=["a.b.c"], at=about.submitted_at
    )

    with pytest.raises(WayUnclear):
        await prepare_arrival((envelope,), b"", tree[DISTRICT].factory)


async def test_an_endless_unknown_address_keeps_no_letter_from_the_others(tree: Tree) -> None:
    tree.start()
    unknown = [f"{n}{'X' * 60_000}" for n in range(20)]
    package = letter(COMMUNE, ["H28.31"], folder=tree.folder)
    recipient = package[package.index(b"<edXML:To>") : package.index(b"</edXML:To>") + len(b"</edXML:To>")]
    others = b"".join(recipient.replace(b">H28.31<", f">{one}<".encode()) for one in unknown)

    answer = await tree.submit(COMMUNE, package.replace(recipient, recipient + others))

    assert len(answer.json()["receipt"]) > EVIDENCE_CHARACTERS_PER_ENVELOPE
    await eventually(lambda: tree[DISTRICT].rows(deliveries))
