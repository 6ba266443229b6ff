"""Attacks on messages that bring several envelopes, each by its name."""

from collections.abc import Callable, Sequence

import pytest

from lienthong.exchange.domain.bundles import open_message
from lienthong.shared.contracts.envelope import (
    BUNDLE_SEPARATOR,
    ENVELOPES_PER_BUNDLE,
    Bundle,
    Envelope,
    EnvelopeKind,
)
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import DocumentId, MessageId, NodeId
from tests.support.pki import PKI
from tests.unit.exchange.carry.handover import Handover

ID = MessageId("m-0")
BUNDLE = Bundle(id=ID, size=3)


def three(handover: Handover) -> list[Envelope]:
    return [handover.envelope(id=MessageId(f"m-{n}"), bundle=BUNDLE) for n in range(1, 4)]


def text(handover: Handover, envelopes: Sequence[Envelope]) -> str:
    return BUNDLE_SEPARATOR.join(handover.sealed(one) for one in envelopes)


def changed(handover: Handover, **changes: object) -> str:
    """The last of three is another than it should be."""
    first, second, third = three(handover)
    return text(handover, [first, second, third.model_copy(update=changes)])


FORGED: dict[str, tuple[str, Callable[[Handover], str]]] = {
    "one taken for the whole": ("envelope-malformed", lambda h: text(h, three(h)[:1])),
    "one left out": ("envelope-malformed", lambda h: text(h, three(h)[1:])),
    "one left out and another twice": ("envelope-malformed", lambda h: text(h, [*three(h)[1:], three(h)[1]])),
    "one added": (
        "envelope-malformed",
        lambda h: text(h, [*three(h), h.envelope(id=MessageId("m-4"), bundle=BUNDLE)]),
    ),
    "one about another document": (
        "envelope-malformed",
        lambda h: changed(h, document=h.document(id=DocumentId("d-2"))),
    ),
    "one from another message": ("envelope-malformed", lambda h: changed(h, bundle=Bundle(id=MessageId("m"), size=3))),
    "one that travels alone": ("envelope-malformed", lambda h: changed(h, bundle=None)),
    "one that counts differently": ("envelope-malformed", lambda h: changed(h, bundle=Bundle(id=ID, size=4))),
    "one for another node": ("not-for-this-node", lambda h: changed(h, audience=NodeId("G22"))),
    "one in another node's name": ("issuer-mismatch", lambda h: changed(h, issuer=NodeId("G22"))),
    "evidence among them": (
        "envelope-malformed",
        lambda h: changed(h, kind=EnvelopeKind.EVIDENCE, destination=NodeId("H28.31.05")),
    ),
    "one without a seal": ("seal-invalid", lambda h: text(h, three(h)[:2]) + f"{BUNDLE_SEPARATOR}e30.e30."),
    "more than a message holds": ("envelope-malformed", lambda _: BUNDLE_SEPARATOR * ENVELOPES_PER_BUNDLE),
}


@pytest.fixture(scope="module")
def handover() -> Handover:
    return Handover(pki=PKI.new())


def test_an_honest_bundle_is_taken(handover: Handover) -> None:
    sent = three(handover)

    assert open_message(text(handover, sent), ID, judge=handover.judge) == tuple(sent)


@pytest.mark.parametrize("attack", FORGED)
def test_a_forged_bundle_is_refused(handover: Handover, attack: str) -> None:
    code, forge = FORGED[attack]

    with pytest.raises(LienthongError) as refusal:
        open_message(forge(handover), ID, judge=handover.judge)

    assert refusal.value.code == code
