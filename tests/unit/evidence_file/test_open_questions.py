"""What an evidence file leaves open, and what OCSP answers in it add."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.contents import OCSP_FOLDER, Contents
from lienthong.shared.evidence_file.verdict import EvidenceCheck, EvidenceVerdict
from lienthong.shared.signatures.report import Indication
from tests.support.evidence_files import COMMUNE, DISTRICT, MADE, Journey
from tests.support.pki import NOW, Authority

LATER = NOW + timedelta(days=4000)


def judge(journey: Journey, folder: Path) -> EvidenceVerdict:
    return check_evidence_file(journey.write(folder), roots=journey.pki.roots_pem, now=LATER)


def named(verdict: EvidenceVerdict, what: str) -> EvidenceCheck:
    return next(one for one in verdict.checks if what in (one.what, one.by))


def answer(about: x509.Certificate, issuer: Authority, *, revoked_at: datetime | None = None) -> bytes:
    """The issuer's own OCSP answer (DER)."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=issuer.certificate,
        algorithm=SHA256(),
        cert_status=status,
        this_update=NOW + MADE,
        next_update=NOW + timedelta(days=1),
        revocation_time=revoked_at,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    return builder.sign(issuer.key, SHA256()).public_bytes(Encoding.DER)


def with_answer(
    journey: Journey, *, by: Authority | None = None, about: str = DISTRICT, revoked_at: datetime | None = None
) -> None:
    """Puts an answer under the name of the district's certificate."""
    wanted, subject = journey.nodes[DISTRICT].certificate, journey.nodes[about].certificate  # type: ignore[index]
    content = answer(subject, by or journey.pki.issuing, revoked_at=revoked_at)
    journey.more[f"{OCSP_FOLDER}{wanted.serial_number:x}.der"] = content


def test_answers_that_hold_are_counted(tmp_path: Path) -> None:
    journey = Journey()
    with_answer(journey)

    verdict = judge(journey, tmp_path)

    assert verdict.passed, verdict.checks
    assert named(verdict, "OCSP answers").detail.startswith("1 answers")


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda journey: with_answer(journey, about=COMMUNE), "another certificate"),
        (lambda journey: with_answer(journey, by=journey.pki.root), "neither the issuer"),
        (lambda journey: journey.more.update({f"{OCSP_FOLDER}77.der": b"x"}), "not in the file"),
    ],
    ids=["about-another-certificate", "by-another-authority", "about-a-stranger"],
)
def test_false_answer_fails(attack: Callable[[Journey], None], said: str, tmp_path: Path) -> None:
    journey = Journey()
    attack(journey)

    verdict = judge(journey, tmp_path)

    assert named(verdict, "OCSP answers").indication is Indication.TOTAL_FAILED
    assert said in named(verdict, "OCSP answers").detail


def test_answer_that_revokes_counts_though_the_list_does_not_say_so(tmp_path: Path) -> None:
    journey = Journey()
    with_answer(journey, revoked_at=NOW - timedelta(hours=1))

    verdict = judge(journey, tmp_path)

    relayed = named(verdict, f"node {DISTRICT}")
    assert (relayed.indication, "revoked" in relayed.detail) == (Indication.TOTAL_FAILED, True)


def _without_place(contents: Contents) -> Contents:
    gone = {"proof": None, "checkpoint": None, "time_stamp": None, "missing": "The node H28.31 did not answer."}
    pieces = (one.model_copy(update=gone) if one.node == DISTRICT else one for one in contents.evidence)
    return contents.model_copy(update={"evidence": tuple(pieces)})


def test_piece_whose_node_was_away_leaves_the_verdict_open_and_says_why(tmp_path: Path) -> None:
    journey = Journey()
    journey.edit = _without_place

    verdict = judge(journey, tmp_path)

    open_ones = [one for one in verdict.checks if one.indication is not Indication.TOTAL_PASSED]
    assert [one.indication for one in open_ones] == [Indication.INDETERMINATE] * 2
    assert [one.by or one.what for one in open_ones] == [f"node {DISTRICT}", "journey"]
    assert open_ones[0].detail == "The node H28.31 did not answer. Ask for the file again later."


def test_forged_piece_beside_one_that_is_missing_fails_the_journey(tmp_path: Path) -> None:
    journey = Journey()
    journey.edit = _without_place
    journey.pki.issuing.revoke(journey.nodes[COMMUNE].certificate, NOW)

    assert named(judge(journey, tmp_path), "journey").indication is Indication.TOTAL_FAILED
