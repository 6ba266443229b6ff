"""A document for many crosses each link once."""

import dataclasses

from lienthong.exchange.domain.envelopes import RECIPIENTS_PER_ENVELOPE
from lienthong.exchange.storage.operations_schema import dead_letters
from lienthong.exchange.storage.schema import deliveries, evidence, inbox, outbox
from lienthong.shared.contracts.envelope import BUNDLE_SEPARATOR
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import UNITS, Tree, eventually, letter


async def test_a_document_for_many_crosses_each_link_in_one_message(tree: Tree) -> None:
    assert len(UNITS) > 2 * RECIPIENTS_PER_ENVELOPE
    tree.start()

    answer = await tree.submit("G22", letter("G22", UNITS, folder=tree.folder))

    assert answer.status_code == 201
    await eventually(lambda: _has(tree, "H28.31.05", len(UNITS)))
    assert len(await tree["H28.31.05"].rows(inbox)) == 1  # three nodes away, and still one
    await eventually(lambda: _consigned(tree, "G22", len(UNITS)))


async def test_nobody_far_down_gets_evidence_about_all(tree: Tree) -> None:
    """Else each of 11,000 communes would get a list of 11,000."""
    tree.start()

    await tree.submit("G22", letter("G22", ["H28", "H28.31", *UNITS], folder=tree.folder))

    await eventually(lambda: _has(tree, "H28.31.05", len(UNITS)))
    known = [one["claims"]["recipients"] for one in await tree["H28.31.05"].rows(evidence)]
    assert max(len(some) for some in known if some[0]["outcome"] != "consigned") <= RECIPIENTS_PER_ENVELOPE


async def test_one_envelope_of_several_is_not_taken_for_the_whole_message(tree: Tree) -> None:
    """The sender would forget the others."""
    await tree.submit("G22", letter("G22", UNITS, folder=tree.folder))
    message = await waiting_message(tree["G22"])
    parts = message.envelope.split(BUNDLE_SEPARATOR)
    tree["H28"].start()

    for some in (parts[:1], parts[1:], [*parts[1:], parts[1]]):
        await published(tree, dataclasses.replace(message, envelope=BUNDLE_SEPARATOR.join(some)), by="G22")

    assert {one["code"] for one in await tree["H28"].rows(dead_letters)} == {"envelope-malformed"}
    assert [await tree["H28"].rows(table) for table in (deliveries, inbox, outbox)] == [[], [], []]
    await published(tree, message, by="G22")
    assert await _has(tree, "H28", len(UNITS))


async def _has(tree: Tree, node: str, count: int) -> bool:
    return len(await tree[node].rows(deliveries)) == count


async def _consigned(tree: Tree, node: str, count: int) -> bool:
    found = [
        one["claims"]["recipients"] for one in await tree[node].rows(evidence) if one["event"] == "ContentConsignment"
    ]
    return sum(map(len, found)) == count
