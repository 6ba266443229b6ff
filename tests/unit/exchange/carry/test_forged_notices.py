"""Attacks on notices that messages were taken, each by its name: one that is believed makes its sender forget them."""

from collections.abc import Callable
from typing import Any

import pytest

from lienthong.exchange.domain.accept_taken import open_taken
from lienthong.shared.contracts.envelope import ENVELOPE_TYPE
from lienthong.shared.contracts.taken import MESSAGES_PER_NOTICE, TAKEN_TYPE, Taken
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import MessageId, NodeId
from tests.support.pki import NOW, PKI
from tests.unit.exchange.carry.handover import HERE, RELAY, Handover


def notice(**changes: Any) -> Taken:
    taken = Taken(issuer=RELAY, audience=HERE, issued_at=NOW, messages=(MessageId("m-1"),))
    return taken.model_copy(update=changes)


def sealed(handover: Handover, taken: Taken | bytes, *, by: str = RELAY, typ: str = TAKEN_TYPE) -> str:
    return handover.pki.node_seal(by).seal(typ, taken)


FORGED: dict[str, tuple[str, Callable[[Handover], str]]] = {
    "without a seal": ("seal-invalid", lambda _: "e30.e30."),
    "changed after sealing": ("seal-invalid", lambda h: sealed(h, notice())[:-8] + "AAAAAAAA"),
    "sealed by an unknown authority": ("seal-not-trusted-yet", lambda _: sealed(Handover(pki=PKI.new()), notice())),
    "sealed by an agency": ("seal-invalid", lambda h: h.pki.agency("H28.31").seal_key().seal(TAKEN_TYPE, notice())),
    "an envelope passed off as a notice": ("seal-invalid", lambda h: sealed(h, notice(), typ=ENVELOPE_TYPE)),
    "in the name of the node that should have taken it": ("issuer-mismatch", lambda h: sealed(h, notice(), by="H99")),
    "meant for another sender": ("not-for-this-node", lambda h: sealed(h, notice(audience=NodeId("G22")))),
    "no notice at all": ("envelope-malformed", lambda h: sealed(h, b"{}")),
    "of nothing": ("envelope-malformed", lambda h: sealed(h, notice(messages=()))),
    "of more than a notice holds": (
        "envelope-malformed",
        lambda h: sealed(h, notice(messages=(MessageId("m"),) * (MESSAGES_PER_NOTICE + 1))),
    ),
}


@pytest.fixture(scope="module")
def handover() -> Handover:
    return Handover(pki=PKI.new())


def test_an_honest_notice_is_believed(handover: Handover) -> None:
    assert open_taken(sealed(handover, notice()), judge=handover.judge) == notice()


@pytest.mark.parametrize("attack", FORGED)
def test_a_forged_notice_is_refused(handover: Handover, attack: str) -> None:
    code, forge = FORGED[attack]

    with pytest.raises(LienthongError) as refusal:
        open_taken(forge(handover), judge=handover.judge)

    assert refusal.value.code == code
