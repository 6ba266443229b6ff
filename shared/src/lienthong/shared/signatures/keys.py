"""Keys that sign documents: one interface for a local key and for a remote one."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12

from lienthong.shared.errors import InvalidInput


class SignatureAlgorithm(StrEnum):
    """How a document is signed. Source: ETSI TS 119 312 clause 7."""

    RSA_SHA256 = "rsa-sha256"
    """RSASSA-PKCS1-v1_5."""
    ECDSA_SHA256 = "ecdsa-sha256"
    """On P-256."""


class SignatureKeyUnreadable(InvalidInput):
    """A PKCS#12 file does not hold a usable key with its certificate, or the password is wrong."""

    code = "signature-key-unreadable"
    title = "The signature key cannot be read"


class SignatureKey(Protocol):
    """Something that signs for the subject of ``certificate_chain[0]``."""

    @property
    def certificate_chain(self) -> tuple[x509.Certificate, ...]:
        """Leaf first; the root may be left out."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What :meth:`sign` does."""

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``, hashed inside: PKCS#1, or DER for ECDSA (as X.509 and CMS have it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKey:
    """A private key in this process."""

    private_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)
    certificate_chain: tuple[x509.Certificate, ...]

    @classmethod
    def load(cls, path: Path, password: str) -> "LocalKey":
        """The key in a PKCS#12 file.

        Raises:
            SignatureKeyUnreadable: Wrong password, or neither RSA nor P-256, or no certificate.
        """
        try:
            key, leaf, others = pkcs12.load_key_and_certificates(path.read_bytes(), password.encode())
        except (ValueError, OSError) as error:
            raise SignatureKeyUnreadable("The key cannot be read: wrong password, or no PKCS#12 file.") from error
        usable = isinstance(key, rsa.RSAPrivateKey) or (
            isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
        )
        if not usable or leaf is None:
            raise SignatureKeyUnreadable("The key must be RSA or EC P-256 and stand with its certificate.")
        assert isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))  # noqa: S101 — for mypy
        return cls(private_key=key, certificate_chain=(leaf, *others))

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What the kind of key allows."""
        return algorithm_of(self.certificate_chain[0])

    def sign(self, data: bytes) -> bytes:
        """As :meth:`SignatureKey.sign`."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(data, padding.PKCS1v15(), SHA256())
        return self.private_key.sign(data, ec.ECDSA(SHA256()))


def algorithm_of(certificate: x509.Certificate) -> SignatureAlgorithm:
    """How the certificate's key signs."""
    if isinstance(certificate.public_key(), rsa.RSAPublicKey):
        return SignatureAlgorithm.RSA_SHA256
    return SignatureAlgorithm.ECDSA_SHA256
