"""Attacks on what is known of revocation; each test is named after the one that it tries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.ocsp_answers import OCSPInvalid, read_ocsp_answer
from lienthong.shared.signatures.profiles import Profile, node_uri
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.revocation import Revocation
from lienthong.shared.signatures.trust import check_certificate
from tests.support.openssl_authorities import OCSP_SIGNING, issue_for
from tests.support.pki import NOW, PKI, Credential, new_key

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


@pytest.fixture
def about(pki: PKI) -> x509.Certificate:
    return pki.agency("H28").certificate


def answer(
    about: x509.Certificate,
    pki: PKI,
    *,
    at: datetime = NOW,
    revoked_at: datetime | None = None,
    by: Credential | None = None,
    extensions: Sequence[dict[str, object]] = (),
) -> bytes:
    """An OCSPResponse of the issuer, or of ``by``, with ``extensions`` of its status as asn1crypto has them."""
    responder = by or Credential(key=pki.issuing.key, chain=(pki.issuing.certificate,))
    made = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about,
            issuer=pki.issuing.certificate,
            algorithm=SHA1(),  # noqa: S303 — it names the issuer
            cert_status=REVOKED if revoked_at else GOOD,
            this_update=at,
            next_update=at + 7 * DAY,
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        .certificates([responder.certificate])
        .sign(responder.key, SHA256())
        .public_bytes(Encoding.DER)
    )
    return with_extensions(made, extensions, responder) if extensions else made


def with_extensions(made: bytes, extensions: Sequence[dict[str, object]], responder: Credential) -> bytes:
    assert isinstance(responder.key, ec.EllipticCurvePrivateKey)
    response = asn1_ocsp.OCSPResponse.load(made)
    basic = response["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["responses"][0]["single_extensions"] = list(extensions)
    basic["signature"] = responder.key.sign(basic["tbs_response_data"].dump(force=True), ec.ECDSA(SHA256()))
    response["response_bytes"]["response"] = basic
    der: bytes = response.dump(force=True)
    return der


def since(moment: datetime) -> dict[str, object]:
    return {"extn_id": "invalidity_date", "extn_value": core.GeneralizedTime(moment)}


def list_that_revokes(
    about: x509.Certificate, pki: PKI, *, at: datetime, reason: x509.ReasonFlags
) -> x509.CertificateRevocationList:
    pki.issuing.revoke(about, at, reason=reason)
    return pki.issuing.crl()


def known(
    about: x509.Certificate, pki: PKI, *, crls: Sequence[x509.CertificateRevocationList], ocsp: Sequence[bytes]
) -> Revocation | None:
    trust = pki.trust(crls=crls).with_further(ocsp=ocsp)
    return trust.revocation(about, pki.issuing.certificate)


def test_newer_answer_that_lifts_a_revocation(pki: PKI, about: x509.Certificate) -> None:
    crl = list_that_revokes(about, pki, at=NOW - DAY, reason=x509.ReasonFlags.key_compromise)

    found = known(about, pki, crls=[crl], ocsp=[answer(about, pki, at=NOW + HOUR)])

    assert found is not None
    assert found.at == NOW - DAY


def test_newer_answer_that_moves_a_revocation_to_the_day_of_the_decision(pki: PKI, about: x509.Certificate) -> None:
    crl = list_that_revokes(about, pki, at=NOW - 30 * DAY, reason=x509.ReasonFlags.key_compromise)

    found = known(about, pki, crls=[crl], ocsp=[answer(about, pki, at=NOW + HOUR, revoked_at=NOW - DAY)])

    assert found is not None
    assert found.at == NOW - 30 * DAY


def test_older_answer_that_revokes_replayed_with_a_newer_good_one(pki: PKI, about: x509.Certificate) -> None:
    revoked, good = answer(about, pki, revoked_at=NOW - DAY), answer(about, pki, at=NOW + HOUR)

    assert known(about, pki, crls=[], ocsp=[good, revoked]) is not None


def test_certificate_released_from_hold_is_good_again(pki: PKI, about: x509.Certificate) -> None:
    crl = list_that_revokes(about, pki, at=NOW - DAY, reason=x509.ReasonFlags.certificate_hold)

    assert known(about, pki, crls=[crl], ocsp=[answer(about, pki, at=NOW + HOUR)]) is None
    assert known(about, pki, crls=[crl], ocsp=[answer(about, pki, at=NOW - HOUR)]) is not None


def test_invalidity_date_of_an_answer_counts(pki: PKI, about: x509.Certificate) -> None:
    told = answer(about, pki, revoked_at=NOW - DAY, extensions=[since(NOW - 30 * DAY)])

    found = known(about, pki, crls=[], ocsp=[told])

    assert found is not None
    assert found.at == NOW - 30 * DAY


def test_critical_extension_of_a_status_that_is_not_understood(pki: PKI, about: x509.Certificate) -> None:
    limit = {"extn_id": "archive_cutoff", "critical": True, "extn_value": core.GeneralizedTime(NOW)}

    with pytest.raises(OCSPInvalid) as refused:
        read_ocsp_answer(answer(about, pki, extensions=[limit]), about, pki.issuing.certificate)

    assert refused.value.sub_indication is SubIndication.FORMAT_FAILURE


def test_responder_that_was_revoked_vouches_for_a_certificate(pki: PKI, about: x509.Certificate) -> None:
    responder = issue_for(pki.issuing, (OCSP_SIGNING,))
    pki.issuing.revoke(responder.certificate, NOW - DAY)
    trust = pki.trust(crls=[pki.issuing.crl(at=NOW - HOUR)]).with_further(ocsp=[answer(about, pki, by=responder)])

    stated = trust.statement(about, pki.issuing.certificate)

    assert stated is not None
    assert stated.this_update == NOW - HOUR


def test_responder_whose_certificate_nobody_can_read(pki: PKI, about: x509.Certificate) -> None:
    key, x400_address = new_key(), bytes([0x30, 4, 0xA3, 2, 0x30, 0])
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), x400_address)
    builder = x509.CertificateBuilder().subject_name(about.subject).issuer_name(about.issuer)
    builder = builder.public_key(key.public_key()).serial_number(5).add_extension(odd, critical=False)
    certificate = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY).sign(pki.issuing.key, SHA256())

    told = answer(about, pki, by=Credential(key=key, chain=(certificate,)))

    with pytest.raises(OCSPInvalid):
        read_ocsp_answer(told, about, pki.issuing.certificate)


def test_list_that_forgot_a_revoked_certificate_once_it_expired(pki: PKI) -> None:
    uri = node_uri(NodeId("H28"))
    expired = pki.issuing.issue(Profile.NODE_SEAL, "Node", uri=uri, not_after=NOW - HOUR).certificate

    def is_unknown(*, keeps_expired: bool) -> bool:
        trust = pki.trust(crls=[pki.root.crl(), pki.issuing.crl(keeps_expired=keeps_expired)])
        checked = check_certificate(expired, (), trust=trust, at=NOW - 2 * HOUR, profile=Profile.NODE_SEAL)
        return checked.revocation_unknown

    assert is_unknown(keeps_expired=False)
    assert not is_unknown(keeps_expired=True)
