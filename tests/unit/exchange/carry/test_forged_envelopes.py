"""Attacks on what nodes hand over, each by its name."""

from collections.abc import Callable

import pytest

from lienthong.exchange.domain.accept_envelope import open_envelope, verified_passage
from lienthong.shared.contracts.envelope import MAX_HOPS, Envelope, EnvelopeKind
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, PackageReference
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, MessageId, NodeId, Sha256
from tests.support.pki import NOW, PKI
from tests.unit.exchange.carry.handover import HERE, ORIGIN, RELAY, Handover

ID = MessageId("m-1")
OTHER = PackageReference(sha256=Sha256("b" * 64), size=10, media_type="application/edxml+xml")
Forge = Callable[[Handover], str]
FORGED_ENVELOPES: dict[str, tuple[str, Forge]] = {
    "changed after sealing": ("seal-invalid", lambda h: _flipped(h.sealed(h.envelope()))),
    "sealed by an unknown authority": ("seal-not-trusted-yet", lambda h: Handover(pki=PKI.new()).sealed(h.envelope())),
    "evidence passed off as an envelope": ("seal-invalid", lambda h: h.sealed(h.envelope(), typ=EVIDENCE_TYPE)),
    "sealed by an agency": (
        "seal-invalid",
        lambda h: h.pki.agency("H28.31").seal_key().seal("lienthong-envelope+jws", h.envelope()),
    ),
    "issued in another node's name": ("issuer-mismatch", lambda h: h.sealed(h.envelope(), by="G22")),
    "addressed to another node": ("not-for-this-node", lambda h: h.sealed(h.envelope(audience=NodeId("G22")))),
    "from a node that is no neighbour": (
        "issuer-not-neighbour",
        lambda h: h.sealed(h.envelope(issuer=NodeId("H99")), by="H99"),
    ),
    "under another message's id": ("envelope-malformed", lambda h: h.sealed(h.envelope(id=MessageId("m-2")))),
    "no envelope at all": (
        "envelope-malformed",
        lambda h: h.pki.node_seal(RELAY).seal("lienthong-envelope+jws", b"{}"),
    ),
    "a priority that no table holds": (
        "envelope-malformed",
        lambda h: h.sealed(h.envelope(document=h.document(priority=2**40))),
    ),
    "a time that is no moment": (
        "envelope-malformed",
        lambda h: h.sealed(h.envelope(document=h.document(submitted_at=NOW.replace(tzinfo=None)))),
    ),
    "evidence without a destination": (
        "envelope-malformed",
        lambda h: h.sealed(h.envelope(kind=EnvelopeKind.EVIDENCE)),
    ),
}
Change = Callable[[Handover], Envelope]
FORGED_PASSAGES: dict[str, tuple[str, Change]] = {
    "without any evidence": ("envelope-malformed", lambda h: h.envelope().model_copy(update={"evidence": ()})),
    "without deliveries": ("envelope-malformed", lambda h: h.envelope(deliveries=())),
    "round and round": ("too-many-hops", lambda h: h.envelope(evidence=h.passage() * (MAX_HOPS // 2 + 1))),
    "without the deadline of a true acceptance": (
        "acceptance-mismatch",
        lambda h: h.envelope(
            evidence=(h.evidence(Event.SUBMISSION_ACCEPTANCE, ORIGIN, expires_at=NOW), h.passage()[1])
        ),
    ),
    "another package under a true acceptance": (
        "acceptance-mismatch",
        lambda h: h.envelope(document=h.document(package=OTHER)),
    ),
    "another document under a true acceptance": (
        "acceptance-mismatch",
        lambda h: h.envelope(document=h.document(id=DocumentId("d-2"))),
    ),
    "another sender under a true acceptance": (
        "acceptance-mismatch",
        lambda h: h.envelope(document=h.document(sender=AgencyCode("H28.31"))),
    ),
    "backdated": (
        "acceptance-mismatch",
        lambda h: h.envelope(document=h.document(submitted_at=NOW.replace(year=2025))),
    ),
    "a recipient slipped in": (
        "acceptance-mismatch",
        lambda h: h.envelope(deliveries=(h.delivery(), h.delivery(id=DeliveryId("v-2")))),
    ),
    "a delivery turned to another agency": (
        "acceptance-mismatch",
        lambda h: h.envelope(deliveries=(h.delivery(agency=AgencyCode("G22")),)),
    ),
    "a delivery under another code than the sender wrote": (
        "acceptance-mismatch",
        lambda h: h.envelope(deliveries=(h.delivery(addressed_to="G22"),)),
    ),
    "an acceptance made up by the relay": (
        "issuer-mismatch",
        lambda h: h.envelope(evidence=(h.evidence(Event.SUBMISSION_ACCEPTANCE, ORIGIN, sealed_by=RELAY),)),
    ),
    "a relay that calls itself the origin of another's document": (
        "acceptance-mismatch",
        lambda h: h.envelope(evidence=(h.evidence(Event.SUBMISSION_ACCEPTANCE, RELAY),)),
    ),
    "the acceptance left out": (
        "acceptance-mismatch",
        lambda h: h.envelope(evidence=(h.evidence(Event.RELAY_ACCEPTANCE, RELAY),)),
    ),
    "a hop that does not own up": (
        "acceptance-mismatch",
        lambda h: h.envelope(evidence=(h.evidence(Event.SUBMISSION_ACCEPTANCE, ORIGIN),)),
    ),
    "a handover smuggled in among the hops": (
        "acceptance-mismatch",
        lambda h: h.envelope(evidence=(*h.passage(), h.evidence(Event.CONTENT_HANDOVER, RELAY))),
    ),
}


@pytest.fixture(scope="module")
def handover() -> Handover:
    return Handover(pki=PKI.new())


def test_an_honest_handover_is_taken(handover: Handover) -> None:
    envelope = open_envelope(handover.sealed(handover.envelope()), ID, judge=handover.judge)

    passage = verified_passage(envelope, judge=handover.judge)

    assert envelope.audience == HERE
    assert [piece.claims.issuer for piece in passage] == [ORIGIN, RELAY]


@pytest.mark.parametrize("attack", FORGED_ENVELOPES)
def test_a_forged_envelope_is_refused(handover: Handover, attack: str) -> None:
    code, forge = FORGED_ENVELOPES[attack]

    with pytest.raises(LienthongError) as refusal:
        open_envelope(forge(handover), ID, judge=handover.judge)

    assert refusal.value.code == code


@pytest.mark.parametrize("attack", FORGED_PASSAGES)
def test_a_forged_passage_is_refused(handover: Handover, attack: str) -> None:
    code, change = FORGED_PASSAGES[attack]

    with pytest.raises(LienthongError) as refusal:
        verified_passage(change(handover), judge=handover.judge)

    assert refusal.value.code == code


@pytest.mark.parametrize(("sender", "code"), [("H99", "origin-not-entitled"), ("X11", "sender-not-known-yet")])
def test_an_origin_speaks_only_for_agencies_that_it_serves(handover: Handover, sender: str, code: str) -> None:
    claims = {"sender": AgencyCode(sender)}
    passage = (
        handover.evidence(Event.SUBMISSION_ACCEPTANCE, ORIGIN, **claims),
        handover.evidence(Event.RELAY_ACCEPTANCE, RELAY, **claims),
    )
    envelope = handover.envelope(document=handover.document(**claims), evidence=passage)

    with pytest.raises(LienthongError) as refusal:
        verified_passage(envelope, judge=handover.judge)

    assert refusal.value.code == code


def _flipped(jws: str) -> str:
    head, payload, signature = jws.split(".")
    return f"{head}.{payload[:-8]}{'A' if payload[-8] != 'A' else 'B'}{payload[-7:]}.{signature}"
