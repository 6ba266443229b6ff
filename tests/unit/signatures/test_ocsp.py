import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lienthong.shared.signatures.ocsp import CertificateState, OCSPInvalid, OCSPStatus, answers_request, check_ocsp
from lienthong.shared.signatures.ocsp_answers import MAX_OCSP_BYTES
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import CheckedCertificate, check_certificate
from tests.support.openssl_authorities import OCSP_SIGNING, TIME_STAMPING, issue_for, openssl, openssl_ocsp
from tests.support.pki import NOW, PKI, Authority, Credential

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def answer(
    about: x509.Certificate,
    issuer: Authority,
    responder: Credential,
    *,
    status: ocsp.OCSPCertStatus = GOOD,
    at: datetime = NOW,
    lifetime: timedelta | None = timedelta(days=1),
    revoked_at: datetime = NOW - timedelta(hours=1),
    nonce: bytes | None = None,
    include: bool = True,
) -> bytes:
    """An OCSPResponse as a responder would make it, or one that should not have."""
    is_revoked = status is REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=issuer.certificate,
        algorithm=SHA1(),  # noqa: S303 — it names the issuer
        cert_status=status,
        this_update=at,
        next_update=at + lifetime if lifetime else None,
        revocation_time=revoked_at if is_revoked else None,
        revocation_reason=x509.ReasonFlags.superseded if is_revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    if include:
        builder = builder.certificates([responder.certificate])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(responder.key, SHA256()).public_bytes(Encoding.DER)


def own(authority: Authority) -> Credential:
    return Credential(key=authority.key, chain=(authority.certificate,))


def check(response: bytes, about: x509.Certificate, pki: PKI, *, at: datetime = NOW) -> OCSPStatus:
    return check_ocsp(response, about, pki.issuing.certificate, trust=pki.trust(), at=at)


def refusal(response: bytes, about: x509.Certificate, pki: PKI, *, at: datetime = NOW) -> SubIndication:
    with pytest.raises(OCSPInvalid) as refused:
        check(response, about, pki, at=at)
    return refused.value.sub_indication


def test_answer_of_the_issuer_itself_is_believed(pki: PKI) -> None:
    about = pki.agency("H28").certificate

    status = check(answer(about, pki.issuing, own(pki.issuing)), about, pki)

    assert (status.state, status.revocation, status.produced_at >= NOW) == (CertificateState.GOOD, None, True)


def test_answer_of_an_entrusted_responder_is_believed(pki: PKI) -> None:
    about, responder = pki.agency("H28").certificate, issue_for(pki.issuing, (OCSP_SIGNING,), days=(-1, 3650))

    status = check(answer(about, pki.issuing, responder, status=REVOKED), about, pki)

    assert status.state is CertificateState.REVOKED
    assert status.revocation is not None
    assert (status.revocation.at, status.revocation.reason) == (NOW - timedelta(hours=1), x509.ReasonFlags.superseded)


def test_ocsp_for_another_certificate_is_refused(pki: PKI) -> None:
    about, other = pki.agency("H28").certificate, pki.agency("H29").certificate
    response = answer(other, pki.issuing, own(pki.issuing))

    assert refusal(response, about, pki) is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE


def test_ocsp_about_the_same_serial_of_another_issuer_is_refused(pki: PKI) -> None:
    about = pki.agency("H28").certificate
    response = answer(about, PKI.new().issuing, own(pki.issuing))

    assert refusal(response, about, pki) is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE


def test_responder_of_another_issuer_is_refused(pki: PKI) -> None:
    about, responder = pki.agency("H28").certificate, issue_for(pki.root, (OCSP_SIGNING,), days=(-1, 3650))

    response = answer(about, pki.issuing, responder)

    assert refusal(response, about, pki) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_certificate_for_something_else_answers_nothing(pki: PKI) -> None:
    about, stamping = pki.agency("H28").certificate, issue_for(pki.issuing, (TIME_STAMPING,), days=(-1, 3650))

    assert refusal(answer(about, pki.issuing, stamping), about, pki) is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    agency = answer(about, pki.issuing, pki.agency("H28"))
    assert refusal(agency, about, pki) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_expired_responder_is_refused(pki: PKI) -> None:
    about, responder = pki.agency("H28").certificate, issue_for(pki.issuing, (OCSP_SIGNING,), days=(-3, -2))

    assert refusal(answer(about, pki.issuing, responder), about, pki) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_revoked_responder_is_refused(pki: PKI) -> None:
    about, responder = pki.agency("H28").certificate, issue_for(pki.issuing, (OCSP_SIGNING,), days=(-1, 3650))
    pki.issuing.revoke(responder.certificate, NOW - timedelta(days=1))

    assert refusal(answer(about, pki.issuing, responder), about, pki) is SubIndication.REVOKED_NO_POE


def test_stale_answer_is_refused_for_now(pki: PKI) -> None:
    about = pki.agency("H28").certificate
    response = answer(about, pki.issuing, own(pki.issuing))
    endless = answer(about, pki.issuing, own(pki.issuing), lifetime=None)

    assert refusal(response, about, pki, at=NOW + timedelta(days=2)) is SubIndication.TRY_LATER
    assert refusal(endless, about, pki, at=NOW + timedelta(days=8)) is SubIndication.TRY_LATER
    assert check(endless, about, pki, at=NOW + timedelta(days=6)).state is CertificateState.GOOD


def test_replayed_nonce_is_told(pki: PKI) -> None:
    about = pki.agency("H28").certificate
    status = check(answer(about, pki.issuing, own(pki.issuing), nonce=b"a" * 32), about, pki)
    without = check(answer(about, pki.issuing, own(pki.issuing)), about, pki)

    assert answers_request(status, b"a" * 32)
    assert not answers_request(status, b"b" * 32)
    assert answers_request(without, b"b" * 32)


def test_refusals_and_junk_are_no_answers(pki: PKI) -> None:
    about = pki.agency("H28").certificate
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)

    assert refusal(later.public_bytes(Encoding.DER), about, pki) is SubIndication.TRY_LATER
    for junk in (b"", b"\x30\x80", bytes(100), bytes(MAX_OCSP_BYTES + 1)):
        assert refusal(junk, about, pki) is SubIndication.FORMAT_FAILURE


def test_no_flipped_byte_passes(pki: PKI) -> None:
    about = pki.agency("H28").certificate
    response = answer(about, pki.issuing, own(pki.issuing), include=False)
    check(response, about, pki)

    passed = []
    for n in range(len(response)):
        changed = response[:n] + bytes([response[n] ^ 1]) + response[n + 1 :]
        try:
            passed.append((n, check(changed, about, pki)))
        except OCSPInvalid:
            continue
    assert passed == []


def test_newest_of_list_and_answer_decides(pki: PKI) -> None:
    agency = pki.agency("H28")
    revoked = answer(agency.certificate, pki.issuing, own(pki.issuing), status=REVOKED, at=NOW + timedelta(minutes=1))
    good = answer(agency.certificate, pki.issuing, own(pki.issuing), at=NOW - timedelta(days=1))

    assert not _check(agency, pki, ocsp=(good,)).revocation_unknown
    with pytest.raises(CertificateRefused) as refused:
        _check(agency, pki, ocsp=(good, revoked))
    assert refused.value.sub_indication is SubIndication.REVOKED_NO_POE


def test_answer_stands_in_for_a_missing_list_and_an_unknown_one_does_not(pki: PKI) -> None:
    agency = pki.agency("H28")
    good = answer(agency.certificate, pki.issuing, own(pki.issuing))
    unknown = answer(agency.certificate, pki.issuing, own(pki.issuing), status=UNKNOWN)
    lists = (pki.root.crl(),)

    assert not _check(agency, pki, ocsp=(good,), crls=lists).revocation_unknown
    assert _check(agency, pki, ocsp=(unknown,), crls=lists).revocation_unknown
    assert _check(agency, pki, ocsp=(b"junk",), crls=lists).revocation_unknown


def _check(
    agency: Credential,
    pki: PKI,
    *,
    ocsp: tuple[bytes, ...],
    crls: Sequence[x509.CertificateRevocationList] | None = None,
) -> CheckedCertificate:
    trust = pki.trust(crls=crls).with_further(ocsp=ocsp)
    return check_certificate(agency.certificate, (), trust=trust, at=NOW, profile=Profile.AGENCY_SEAL)


@pytest.mark.parametrize("revoked_hours", [None, 1])
def test_answer_of_openssl_is_believed_and_refused_after_one_flipped_byte(
    tmp_path: Path, revoked_hours: int | None
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    pki = PKI.new(now)
    about, responder = pki.agency("H28").certificate, issue_for(pki.issuing, (OCSP_SIGNING,))
    revoked_at = now - timedelta(hours=revoked_hours) if revoked_hours else None
    response = openssl_ocsp(about, pki.issuing, responder, tmp_path, revoked_at=revoked_at)

    status = check(response, about, pki, at=datetime.now(UTC))

    assert status.state is (CertificateState.REVOKED if revoked_at else CertificateState.GOOD)
    assert (status.revocation.at if status.revocation else None) == revoked_at
    assert status.nonce is not None
    at = response.index(responder.certificate.public_bytes(Encoding.DER)) - 20
    changed = response[:at] + bytes([response[at] ^ 1]) + response[at + 1 :]
    with pytest.raises(OCSPInvalid):
        check(changed, about, pki, at=datetime.now(UTC))


def test_openssl_agrees_on_answers_that_we_believe(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    pki = PKI.new(now)
    about, responder = pki.agency("H28").certificate, issue_for(pki.issuing, (OCSP_SIGNING,))
    files = {
        "answer.der": answer(about, pki.issuing, responder, at=now - timedelta(minutes=1)),
        "root.pem": pki.roots_pem,
        "issuer.pem": pki.issuing.certificate.public_bytes(Encoding.PEM),
        "about.pem": about.public_bytes(Encoding.PEM),
    }
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)

    asked = ("-issuer", "issuer.pem", "-cert", "about.pem", "-CAfile", "root.pem", "-verify_other", "issuer.pem")
    said = openssl("ocsp", "-respin", "answer.der", *asked, cwd=tmp_path, check=False)

    assert re.search(rb"verify OK", said.stderr)
    assert b"about.pem: good" in said.stdout
