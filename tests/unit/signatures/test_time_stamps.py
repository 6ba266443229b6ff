import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.signed_data import MAX_SIGNED_DATA_BYTES
from lienthong.shared.signatures.time_stamps import TimeStamp, TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust import TrustStore
from tests.support.openssl_authorities import OCSP_SIGNING, TIME_STAMPING, OpenSSLTimeStamping, issue_for, openssl
from tests.support.pki import NOW, PKI, Credential, new_key
from tests.support.time_stamping import TimeStamper

DIGEST = hashlib.sha256(b"what existed").digest()
PASSED = None


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


def check(token: bytes, pki: PKI, *, digest: bytes = DIGEST, at: datetime = NOW) -> TimeStamp:
    return check_time_stamp(token, digest, trust=pki.trust(), at=at)


def refusal(token: bytes, trust: TrustStore, *, digest: bytes = DIGEST, at: datetime = NOW) -> SubIndication:
    with pytest.raises(TimeStampInvalid) as refused:
        check_time_stamp(token, digest, trust=trust, at=at)
    return refused.value.sub_indication


def test_time_stamp_says_when_and_by_whom(pki: PKI) -> None:
    token = TimeStamper.of(pki, nonce=42).stamp(DIGEST)

    stamp = check(token, pki)

    assert (stamp.gen_time, stamp.serial, stamp.policy, stamp.nonce) == (NOW, 7, "1.2.3.4.1", 42)
    assert stamp.authority == "CN=Outside Service"
    assert stamp.accuracy == timedelta(seconds=1)
    assert not stamp.certificate.revocation_unknown


def test_time_stamp_over_other_bytes_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki).stamp(DIGEST)

    assert refusal(token, pki.trust(), digest=hashlib.sha256(b"other").digest()) is SubIndication.HASH_FAILURE


def test_imprint_of_another_length_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki).stamp(DIGEST)

    longer = hashlib.sha384(b"what existed").digest()
    assert refusal(token, pki.trust(), digest=longer) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


@pytest.mark.parametrize("moment", [b"20260302080000", b"00000302080000Z", b"00010101000000+2359"])
def test_stranger_with_a_time_that_cannot_be_compared(pki: PKI, moment: bytes) -> None:
    length = len(moment) - len(b"20260302080000Z")

    def change(info: bytes) -> bytes:
        held = info.replace(b"\x18\x0f20260302080000Z", bytes([0x18, len(moment)]) + moment)
        return bytes([held[0], held[1] + length]) + held[2:]

    token = TimeStamper(credential=issue_for(PKI.new().issuing, (TIME_STAMPING,)), change=change).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.FORMAT_FAILURE


def test_sha1_imprint_is_refused(pki: PKI) -> None:
    digest = hashlib.sha1(b"what existed").digest()  # noqa: S324 — it is what is refused
    token = TimeStamper.of(pki, imprint="sha1").stamp(digest)

    assert refusal(token, pki.trust(), digest=digest) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_sha1_signature_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, digest="sha1").stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_digest_that_was_not_announced_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, announced="sha384").stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_certificate_named_by_sha1_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, ess="sha1").stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


def test_attributes_that_name_another_certificate_are_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, named=pki.agency("H28")).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


def test_time_stamp_of_two_signers_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, further_signers=1).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.FORMAT_FAILURE


def test_signature_over_other_content_is_no_time_stamp(pki: PKI) -> None:
    token = TimeStamper.of(pki, content_type="data").stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.FORMAT_FAILURE


def test_bytes_after_the_statement_are_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, change=lambda info: info + b"\x05\x00").stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.FORMAT_FAILURE


def test_time_stamp_of_the_future_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(pki, at=NOW + timedelta(minutes=6)).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.SIG_CONSTRAINTS_FAILURE


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [((TIME_STAMPING,), False), ((TIME_STAMPING, OCSP_SIGNING), True), ((OCSP_SIGNING,), True)],
    ids=["not critical", "not alone", "for something else"],
)
def test_certificate_that_is_not_for_time_stamps_critically_and_alone_is_refused(
    pki: PKI, purposes: tuple[x509.ObjectIdentifier, ...], *, critical: bool
) -> None:
    credential = issue_for(pki.issuing, purposes, critical=critical)
    token = TimeStamper(credential=credential).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_agency_certificate_stamps_nothing(pki: PKI) -> None:
    token = TimeStamper(credential=pki.agency("H28")).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_time_stamp_of_an_unknown_authority_is_refused(pki: PKI) -> None:
    token = TimeStamper.of(PKI.new()).stamp(DIGEST)

    assert refusal(token, pki.trust()) is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_certificate_is_judged_at_the_stated_time_not_now(pki: PKI) -> None:
    short = issue_for(pki.issuing, (TIME_STAMPING,), days=(-1, 1))
    token = TimeStamper(credential=short).stamp(DIGEST)
    late = TimeStamper(credential=short, at=NOW + timedelta(days=2)).stamp(DIGEST)

    assert check(token, pki, at=NOW + timedelta(days=30)).gen_time == NOW
    assert refusal(late, pki.trust(), at=NOW + timedelta(days=30)) is SubIndication.OUT_OF_BOUNDS_NO_POE


def revoked(reason: x509.ReasonFlags | None) -> tuple[PKI, bytes]:
    """A PKI that revoked its time-stamping certificate an hour after ``NOW``, and a token of ``NOW``."""
    pki = PKI.new()
    stamper = TimeStamper.of(pki)
    pki.issuing.revoke(stamper.credential.certificate, NOW + timedelta(hours=1), reason=reason)
    return pki, stamper.stamp(DIGEST)


def test_revoked_before_the_stated_time_is_refused() -> None:
    pki = PKI.new()
    stamper = TimeStamper.of(pki)
    pki.issuing.revoke(stamper.credential.certificate, NOW - timedelta(hours=1))

    assert refusal(stamper.stamp(DIGEST), pki.trust()) is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.key_compromise])
def test_stolen_key_of_an_authority_takes_its_older_time_stamps_along(reason: x509.ReasonFlags | None) -> None:
    pki, token = revoked(reason)

    assert refusal(token, pki.trust(), at=NOW + timedelta(hours=2)) is SubIndication.REVOKED_NO_POE
    assert check(token, pki, at=NOW + timedelta(minutes=30)).gen_time == NOW


def test_retired_key_of_an_authority_leaves_its_older_time_stamps_good() -> None:
    pki, token = revoked(x509.ReasonFlags.superseded)

    assert check(token, pki, at=NOW + timedelta(hours=2)).gen_time == NOW


def test_oversized_token_is_not_read(pki: PKI) -> None:
    token = TimeStamper.of(pki).stamp(DIGEST) + bytes(MAX_SIGNED_DATA_BYTES)

    assert refusal(token, pki.trust()) is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize("junk", [b"", b"\x30\x80", b"\x30\x03\x02\x01\x01", b"0" * 100, bytes(1000)])
def test_junk_is_refused_without_an_exception_of_its_reader(pki: PKI, junk: bytes) -> None:
    assert refusal(junk, pki.trust()) is SubIndication.FORMAT_FAILURE


def test_no_flipped_byte_passes(pki: PKI) -> None:
    stamper = TimeStamper.of(pki)
    alone = TimeStamper(credential=Credential(key=stamper.credential.key, chain=stamper.credential.chain[:1]))
    token, trust = alone.stamp(DIGEST), pki.trust()
    check_time_stamp(token, DIGEST, trust=trust, at=NOW)

    passed = []
    for n in range(len(token)):
        changed = token[:n] + bytes([token[n] ^ 1]) + token[n + 1 :]
        try:
            check_time_stamp(changed, DIGEST, trust=trust, at=NOW)
            passed.append(n)
        except TimeStampInvalid:
            continue
    assert passed == []


def test_time_stamp_of_openssl_is_accepted_and_refused_after_one_flipped_byte(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    pki = PKI.new(now)
    token = OpenSSLTimeStamping(credential=issue_for(pki.issuing, (TIME_STAMPING,)), folder=tmp_path).stamp(DIGEST)

    stamp = check_time_stamp(token, DIGEST, trust=pki.trust(), at=datetime.now(UTC))

    assert abs(stamp.gen_time - now) < timedelta(minutes=1)
    assert stamp.nonce is not None
    changed = token.replace(DIGEST, bytes([DIGEST[0] ^ 1]) + DIGEST[1:])
    assert refusal(changed, pki.trust(), at=datetime.now(UTC)) is SubIndication.HASH_FAILURE


def test_time_stamp_of_openssl_with_an_rsa_key_is_accepted(tmp_path: Path) -> None:
    pki = PKI.new(datetime.now(UTC))
    credential = issue_for(pki.issuing, (TIME_STAMPING,), key=new_key(rsa_bits=2048))

    token = OpenSSLTimeStamping(credential=credential, folder=tmp_path).stamp(DIGEST)

    assert check_time_stamp(token, DIGEST, trust=pki.trust(), at=datetime.now(UTC)).serial == 2


def test_openssl_agrees_on_our_tokens(tmp_path: Path) -> None:
    pki = PKI.new(datetime.now(UTC))
    (tmp_path / "token.der").write_bytes(TimeStamper.of(pki, at=datetime.now(UTC)).stamp(DIGEST))
    (tmp_path / "root.pem").write_bytes(pki.roots_pem)
    asked = ("ts", "-verify", "-token_in", "-in", "token.der", "-CAfile", "root.pem", "-digest")

    good = openssl(*asked, DIGEST.hex(), cwd=tmp_path, check=False)
    other = openssl(*asked, bytes(32).hex(), cwd=tmp_path, check=False)

    assert (good.returncode, other.returncode) == (0, 1)
