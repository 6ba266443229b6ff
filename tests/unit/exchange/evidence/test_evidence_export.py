"""What a node takes into an evidence file of what another node says about its log."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.evidence_export import relevant, sound_place
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.errors import EvidenceTooMuch
from lienthong.shared.contracts.log import CheckpointAnswer, Cosignature, InclusionAnswer, TimeStampAnswer
from lienthong.shared.evidence_file.contents import MAX_EVIDENCE
from lienthong.shared.identifiers import AgencyCode, DeliveryId
from lienthong.shared.merkle import grown, inclusion_proof
from tests.support.evidence_files import CENTRE, PROVINCE, WITNESS, Journey
from tests.support.pki import NOW

Change = Callable[[InclusionAnswer, CheckpointAnswer], tuple[InclusionAnswer, CheckpointAnswer]]


@pytest.fixture(scope="module")
def journey() -> Journey:
    return Journey()


def stated(journey: Journey) -> tuple[SealedEvidence, InclusionAnswer, CheckpointAnswer]:
    """A piece of the province, and what its node answers about it."""
    claims, jws = next(one for one in journey.pieces if one[0].issuer == PROVINCE)
    leaves = journey.logs[PROVINCE]
    proof = tuple(one.hex() for one in inclusion_proof(1, len(leaves), grown(0, {}, leaves)))
    inclusion = InclusionAnswer(evidence=claims.id, index=1, size=len(leaves), leaf_hash=leaves[1].hex(), proof=proof)
    witness = WITNESS[PROVINCE]
    checkpoint = CheckpointAnswer(
        size=len(leaves),
        note=journey.note(PROVINCE),
        certificates=(_pem(journey.nodes[PROVINCE].certificate),),
        time_stamps=(TimeStampAnswer(time=NOW, token="AAAA"),),
        cosignatures=(
            Cosignature(witness=witness, line="—", certificates=(_pem(journey.nodes[witness].certificate),)),
        ),
    )
    return SealedEvidence(claims=claims, jws=jws), inclusion, checkpoint


def test_place_that_leads_to_the_root_is_taken(journey: Journey) -> None:
    place = sound_place(*stated(journey))

    assert place is not None
    assert place.gap == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda place, checkpoint: (place.model_copy(update={"index": 0}), checkpoint),
        lambda place, checkpoint: (place.model_copy(update={"proof": ()}), checkpoint),
        lambda place, checkpoint: (place, checkpoint.model_copy(update={"note": "no note"})),
        lambda place, checkpoint: (place, checkpoint.model_copy(update={"certificates": ("no certificate",)})),
        lambda place, checkpoint: (
            place,
            checkpoint.model_copy(update={"time_stamps": (TimeStampAnswer(time=NOW, token="no base64!"),)}),
        ),
    ],
    ids=["another-index", "no-proof", "no-note", "no-certificate", "no-token"],
)
def test_place_that_would_spoil_the_file_is_left_out(journey: Journey, change: Change) -> None:
    sealed, inclusion, checkpoint = stated(journey)

    assert sound_place(sealed, *change(inclusion, checkpoint)) is None


@pytest.mark.parametrize(("lacks", "said"), [("time_stamps", "time-stamped"), ("cosignatures", "witnessed")])
def test_place_says_what_its_log_lacks(journey: Journey, lacks: str, said: str) -> None:
    sealed, inclusion, checkpoint = stated(journey)

    place = sound_place(sealed, inclusion, checkpoint.model_copy(update={lacks: ()}))

    assert place is not None
    assert said in place.gap


def test_more_evidence_than_a_file_holds_is_told(journey: Journey) -> None:
    sealed, _, _ = stated(journey)
    wanted, other = _delivery(journey.delivery.delivery), _delivery(DeliveryId("another"))

    assert len(relevant([sealed] * MAX_EVIDENCE, [wanted])) == MAX_EVIDENCE
    assert relevant([sealed], [other]) == ()
    with pytest.raises(EvidenceTooMuch):
        relevant([sealed] * (MAX_EVIDENCE + 1), [wanted])


def _delivery(name: DeliveryId | None) -> Delivery:
    assert name is not None
    return Delivery(
        id=name,
        addressed_to="G22",
        agency=AgencyCode("G22"),
        node=CENTRE,
        is_local=False,
        transport_status=TransportStatus.DONE,
        transport_detail="",
        transport_reason="",
        business_status=None,
        updated_at=NOW,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
