"""CAdES: what a detached or enveloping signature proves, and the ways to make it say more than was signed."""

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import cms

from lienthong.shared.signatures.cades import ContentDigest, known_digest, validate_cades
from lienthong.shared.signatures.cms import sign_detached, sign_enveloping
from lienthong.shared.signatures.report import Indication, Proof, SignatureReport, SubIndication
from tests.support.packages import local_key
from tests.support.pki import NOW, PKI, new_key
from tests.support.time_stamping import TimeStamper

CONTENT = "Kế hoạch chuyển đổi số".encode() * 20
DAY = timedelta(days=1)


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def of(content: bytes) -> ContentDigest:
    return lambda algorithm: hashlib.new(algorithm, content).digest()


def judge(der: bytes, content: ContentDigest | None, pki: PKI, *, days: int = 0) -> SignatureReport:
    at = NOW + days * DAY
    trust = pki.trust(crls=(pki.root.crl(at=at), pki.issuing.crl(at=at)))
    return validate_cades(der, content, where="document", trust=trust, at=at)


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_detached_signature_covers_the_content(pki: PKI, rsa_bits: int | None) -> None:
    key = local_key(pki.officer("H28", key=new_key(rsa_bits=rsa_bits)))

    report = judge(sign_detached(CONTENT, key=key, at=NOW), of(CONTENT), pki)

    assert (report.indication, report.level, report.agency) == (Indication.TOTAL_PASSED, "CAdES-B-B", "H28")
    assert (report.covered, report.signing_time, report.proof) == (("content",), NOW, Proof.RECEIPT)


def test_enveloping_signature_covers_what_it_encloses(pki: PKI) -> None:
    der = sign_enveloping(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    report = judge(der, None, pki)

    assert (report.indication, report.covered) == (Indication.TOTAL_PASSED, ("enclosed content",))
    assert CONTENT in der


def test_time_stamped_signature_outlasts_a_later_revocation(pki: PKI) -> None:
    officer = pki.officer("H28")
    bare = sign_detached(CONTENT, key=local_key(officer), at=NOW)
    stamped = sign_detached(CONTENT, key=local_key(officer), at=NOW, stamp=TimeStamper.of(pki).stamp)
    pki.issuing.revoke(officer.certificate, NOW + timedelta(hours=1))

    without, with_one = judge(bare, of(CONTENT), pki, days=1), judge(stamped, of(CONTENT), pki, days=1)

    assert without.sub_indication is SubIndication.REVOKED_NO_POE
    assert (with_one.indication, with_one.level) == (Indication.TOTAL_PASSED, "CAdES-B-T")
    assert with_one.best_signature_time == NOW


def test_time_stamp_over_another_signature_leaves_b_b(pki: PKI) -> None:
    other = TimeStamper.of(pki).stamp(hashlib.sha256(b"another").digest())
    der = sign_detached(CONTENT, key=local_key(pki.officer("H28")), at=NOW, stamp=lambda _digest: other)

    report = judge(der, of(CONTENT), pki)

    assert (report.indication, report.level, report.proof) == (Indication.TOTAL_PASSED, "CAdES-B-B", Proof.RECEIPT)


def test_other_content_fails(pki: PKI) -> None:
    der = sign_detached(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    assert judge(der, of(CONTENT + b"!"), pki).sub_indication is SubIndication.HASH_FAILURE


def test_enclosed_content_exchanged_fails(pki: PKI) -> None:
    der = sign_enveloping(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    forged = der.replace(CONTENT, CONTENT[:-1] + b"!")

    assert judge(forged, None, pki).sub_indication is SubIndication.HASH_FAILURE


def test_content_beside_an_enclosed_one_must_be_the_same(pki: PKI) -> None:
    der = sign_enveloping(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    assert judge(der, of(CONTENT), pki).indication is Indication.TOTAL_PASSED
    assert judge(der, of(b"something else"), pki).sub_indication is SubIndication.HASH_FAILURE


def test_signature_without_its_content_is_indeterminate(pki: PKI) -> None:
    der = sign_detached(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    assert judge(der, None, pki).sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_digest_of_the_content_is_enough_if_it_is_of_the_signed_kind(pki: PKI) -> None:
    der = sign_detached(CONTENT, key=local_key(pki.officer("H28")), at=NOW)

    right = judge(der, known_digest(hashlib.sha256(CONTENT).digest()), pki)
    other_kind = judge(der, known_digest(hashlib.sha512(CONTENT).digest()), pki)

    assert right.indication is Indication.TOTAL_PASSED
    assert other_kind.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_value_of_another_signature_fails(pki: PKI) -> None:
    key = local_key(pki.officer("H28"))
    info = cms.ContentInfo.load(sign_detached(CONTENT, key=key, at=NOW))
    other = cms.ContentInfo.load(sign_detached(b"other", key=key, at=NOW))
    info["content"]["signer_infos"][0]["signature"] = other["content"]["signer_infos"][0]["signature"].native

    assert judge(info.dump(force=True), of(CONTENT), pki).sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_node_seal_signs_no_document(pki: PKI) -> None:
    der = sign_detached(CONTENT, key=local_key(pki.node("H28")), at=NOW)

    assert judge(der, of(CONTENT), pki).sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x80\x00\x00", b"%PDF", b"\xff" * 300])
def test_junk_is_a_format_failure(pki: PKI, junk: bytes) -> None:
    report = judge(junk, of(CONTENT), pki)

    assert (report.indication, report.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE)
