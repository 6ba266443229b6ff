"""An origin with a good seal that says of a document what is not so, each attack by its name."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from lienthong.exchange.errors import OriginNotEntitled
from lienthong.exchange.storage.schema import documents, evidence, inbox, outbox
from lienthong.exchange.usecases.accept_envelopes import prepare_arrival
from lienthong.shared.contracts.envelope import Envelope
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode
from tests.integration.exchange.carry.handing_over import COMMUNE, DISTRICT, LETTER_ID, handed_over
from tests.integration.exchange.carry.tree import Tree, letter, status_of
from tests.support.packages import sign

IN_THE_NAME_OF_THE_CENTRE: dict[str, Any] = {
    "sender": AgencyCode("G22"),
    "sender_document_id": "G22,2026/03/02,181/KH-UBND",
}


def _in_the_name_of_the_centre(tree: Tree) -> tuple[bytes, Envelope]:
    package = letter("G22", [DISTRICT], folder=tree.folder)
    return package, handed_over(tree, package, **IN_THE_NAME_OF_THE_CENTRE)


def _another_sender_inside(tree: Tree) -> tuple[bytes, Envelope]:
    package = letter("G22", [DISTRICT], folder=tree.folder)
    return package, handed_over(tree, package, sender_document_id="G22,2026/03/02,181/KH-UBND")


def _another_document_id_inside(tree: Tree) -> tuple[bytes, Envelope]:
    package = letter(COMMUNE, [DISTRICT], folder=tree.folder, number="999")
    return package, handed_over(tree, package)


def _a_status_passed_off_as_a_letter(tree: Tree) -> tuple[bytes, Envelope]:
    package = status_of(LETTER_ID, sender=COMMUNE, to=DISTRICT, code=BusinessStatus.REFUSED)
    return package, handed_over(tree, package)


ATTACKS: dict[str, tuple[str, Callable[[Tree], tuple[bytes, Envelope]]]] = {
    "a commune's node speaks for the government's office": ("origin-not-entitled", _in_the_name_of_the_centre),
    "another sender inside the package": ("acceptance-mismatch", _another_sender_inside),
    "another document id inside the package": ("acceptance-mismatch", _another_document_id_inside),
    "a status passed off as a letter": ("acceptance-mismatch", _a_status_passed_off_as_a_letter),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_false_origin_is_refused_and_told(tree: Tree, attack: str) -> None:
    code, forge = ATTACKS[attack]
    package, envelope = forge(tree)

    with pytest.raises(LienthongError) as refusal:
        await prepare_arrival((envelope,), package, tree[DISTRICT].factory)

    assert refusal.value.code == code
    [told] = await tree[DISTRICT].rows(evidence)
    assert (told["event"], told["claims"]["reason_code"]) == ("ContentConsignmentFailure", code)
    assert [await tree[DISTRICT].rows(documents), await tree[DISTRICT].blobs()] == [[], []]


async def test_a_true_origin_is_taken_at_its_word(tree: Tree) -> None:
    package = letter(COMMUNE, [DISTRICT], folder=tree.folder)

    arrival = await prepare_arrival((handed_over(tree, package),), package, tree[DISTRICT].factory)

    assert arrival.plan is not None
    assert arrival.plan.document.sender == AgencyCode(COMMUNE)


async def test_while_the_directory_may_be_behind_nobody_is_told_anything(tree: Tree) -> None:
    package, envelope = _in_the_name_of_the_centre(tree)

    with pytest.raises(OriginNotEntitled):
        await prepare_arrival((envelope,), package, tree[DISTRICT].factory, is_last_try=False)

    assert [await tree[DISTRICT].rows(table) for table in (evidence, inbox, outbox)] == [[], [], []]


@pytest.mark.parametrize(("signer", "is_taken"), [("G22", True), (COMMUNE, False)])
async def test_only_the_senders_own_signature_vouches_where_its_node_does_not(
    tree: Tree, signer: str, is_taken: bool
) -> None:
    """Such as that of an agency whose node was abolished while its letter travelled."""
    unsigned = letter("G22", [DISTRICT], folder=tree.folder, with_ids=True)
    package = sign(unsigned, tree.pki.agency(signer), at=tree[COMMUNE].factory.clock())
    envelope = handed_over(tree, package, **IN_THE_NAME_OF_THE_CENTRE)

    refusal = contextlib.nullcontext() if is_taken else pytest.raises(LienthongError)
    with refusal:
        await prepare_arrival((envelope,), package, tree[DISTRICT].factory)

    assert len(await tree[DISTRICT].blobs()) == is_taken
