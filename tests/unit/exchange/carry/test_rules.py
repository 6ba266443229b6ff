"""Small rules of carrying: legs, lots, recipients, leaves, keys."""

import hashlib
from itertools import count

import pytest

from lienthong.exchange.domain.envelopes import RECIPIENTS_PER_ENVELOPE, legs
from lienthong.exchange.domain.evidence_log import evidence_leaf_hash, leaves_after
from lienthong.exchange.domain.resolve_recipients import Outcome, accepted_deliveries, resolve_recipients
from lienthong.exchange.domain.submission import MAX_KEY_LENGTH, idempotency_key
from lienthong.exchange.errors import IdempotencyKeyInvalid
from lienthong.shared.contracts.envelope import EnvelopeDelivery
from lienthong.shared.identifiers import AgencyCode, DeliveryId, EvidenceId, NodeId, Sha256
from tests.unit.exchange.carry.handover import directory

DIGEST = Sha256("a" * 64)


def _delivery(n: int, node: str) -> EnvelopeDelivery:
    return EnvelopeDelivery(id=DeliveryId(f"v-{n}"), addressed_to=node, agency=AgencyCode(node), node=NodeId(node))


def test_deliveries_that_share_a_next_hop_travel_together() -> None:
    sent = [_delivery(1, "H28.31"), _delivery(2, "H28.31.05"), _delivery(3, "G22"), _delivery(4, "H99")]

    by_hop = {
        leg.next_hop: [one.id for one in leg.deliveries] for leg in legs(NodeId("H28"), sent, directory=directory())
    }

    assert by_hop == {"H28.31": ["v-1", "v-2"], "G22": ["v-3", "v-4"]}


def test_a_leg_never_has_more_deliveries_than_an_envelope_holds() -> None:
    sent = [_delivery(n, "H28.31.05") for n in range(2 * RECIPIENTS_PER_ENVELOPE + 1)]

    sizes = [len(leg.deliveries) for leg in legs(NodeId("H28"), sent, directory=directory())]

    assert sizes == [RECIPIENTS_PER_ENVELOPE, RECIPIENTS_PER_ENVELOPE, 1]


def test_two_codes_of_one_agency_are_one_delivery() -> None:
    ids = count()

    resolved = resolve_recipients(
        ["H28", "000.00.00.H28", "X99"],
        here=NodeId("G22"),
        directory=directory(),
        new_id=lambda: DeliveryId(str(next(ids))),
    )

    assert [one.outcome for one in resolved] == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.UNKNOWN]
    assert [one.id for one in accepted_deliveries(resolved)] == ["0"]


def test_the_log_goes_on_after_its_last_entry() -> None:
    pieces = [(EvidenceId(str(n)), f"jws-{n}") for n in range(4)]

    whole = list(leaves_after(0, pieces))

    assert [one.index for one in whole] == [0, 1, 2, 3]
    assert list(leaves_after(2, pieces[2:])) == whole[2:]


def test_a_leaf_is_hashed_over_the_jws_as_it_is() -> None:
    assert evidence_leaf_hash("jws") == hashlib.sha256(b"\x00jws").digest()
    assert evidence_leaf_hash("đ\ud800") != evidence_leaf_hash("d")


def test_without_a_key_the_bytes_are_the_key() -> None:
    assert idempotency_key(None, DIGEST) == f"sha256:{DIGEST}"


@pytest.mark.parametrize("key", ["", " ", "a\n", "đ", "x" * (MAX_KEY_LENGTH + 1)])
def test_an_unusable_key_is_refused(key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        idempotency_key(key, DIGEST)
