"""What is taken from a certificate signing request, and what is refused."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.requests import MAX_CSR_CHARACTERS, check_key, requested_key
from lienthong.signing.errors import CSRInvalid, KeyNotAllowed, ProofOfPossessionInvalid

P256 = ec.generate_private_key(ec.SECP256R1())


def csr(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = P256) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever it claims")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def test_the_key_of_a_proven_request_is_taken() -> None:
    text = csr().public_bytes(Encoding.PEM).decode()

    assert requested_key(text, Profile.NODE_SEAL) == P256.public_key()


def test_rsa_of_2048_bits_is_for_agencies_only() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = csr(key).public_bytes(Encoding.PEM).decode()

    assert requested_key(text, Profile.AGENCY_SEAL) == key.public_key()
    with pytest.raises(KeyNotAllowed):
        requested_key(text, Profile.NODE_SEAL)


def test_a_request_signed_with_another_key_is_refused() -> None:
    """A subject's public key with somebody else's signature: the CSR's key info is swapped in place."""
    other = ec.generate_private_key(ec.SECP256R1())
    mine, theirs = (
        key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (P256, other)
    )
    swapped = csr().public_bytes(Encoding.DER).replace(mine, theirs)

    with pytest.raises(ProofOfPossessionInvalid):
        requested_key(pem(swapped), Profile.AGENCY_SEAL)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 — what the test is about
        rsa.generate_private_key(public_exponent=3, key_size=2048),
        ec.generate_private_key(ec.SECP192R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa-1024", "rsa-exponent-3", "p-192", "secp256k1", "ed25519"],
)
def test_a_weak_or_foreign_key_is_refused(key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(KeyNotAllowed):
        check_key(key.public_key(), Profile.AGENCY_SEAL)


@pytest.mark.parametrize(
    "text",
    ["", "no PEM", pem(b"\x30\x03\x02\x01\x01"), "ư" * 10, "A" * (MAX_CSR_CHARACTERS + 1), pem(b"")],
    ids=["empty", "text", "other-der", "not-ascii", "too-long", "empty-pem"],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(CSRInvalid):
        requested_key(text, Profile.AGENCY_SEAL)
