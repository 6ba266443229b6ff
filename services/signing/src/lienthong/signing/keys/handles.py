"""A private key as the rest of the service sees it: something that signs."""

import secrets
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from lienthong.signing.errors import KeyStoreUnavailable

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class KeyKind(StrEnum):
    """The keys that this service makes."""

    P256 = "p-256"
    P384 = "p-384"

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return ec.SECP256R1() if self is KeyKind.P256 else ec.SECP384R1()


class KeyHandle:
    """A private key that signs and can be written encrypted; it cannot be read out."""

    __slots__ = ("_key",)

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls, kind: KeyKind = KeyKind.P256) -> "KeyHandle":
        """A fresh key."""
        return cls(ec.generate_private_key(kind.curve))

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._key.public_key()

    def sign_certificate(self, draft: x509.CertificateBuilder) -> x509.Certificate:
        """The finished certificate."""
        return draft.sign(self._key, self._hash())

    def sign_crl(self, draft: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        """The finished revocation list."""
        return draft.sign(self._key, self._hash())

    def sign(self, data: bytes) -> bytes:
        """ECDSA with the curve's hash (DER, as in X.509 and CMS), or RSA PKCS#1 v1.5 with SHA-256, over ``data``."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(self._hash()))
        return self._key.sign(data, padding.PKCS1v15(), self._hash())

    def export(self, chain: tuple[x509.Certificate, ...], password: str) -> bytes:
        """PKCS#12 with this key and ``chain``, leaf first, encrypted. ``password`` must not be empty."""
        leaf, *others = chain
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(b"lienthong", self._key, leaf, others, encryption)

    def _hash(self) -> hashes.SHA256 | hashes.SHA384:
        if isinstance(self._key, ec.EllipticCurvePrivateKey) and self._key.curve.key_size > ec.SECP256R1.key_size:
            return hashes.SHA384()
        return hashes.SHA256()


def import_pkcs12(content: bytes, password: str) -> tuple[KeyHandle, tuple[x509.Certificate, ...]]:
    """The key and its chain, leaf first.

    Raises:
        KeyStoreUnavailable: Damaged, the wrong password, or no key in it.
    """
    try:
        bundle = pkcs12.load_pkcs12(content, password.encode())
    except ValueError as error:
        raise KeyStoreUnavailable("A key file is damaged, or the key password is wrong.") from error
    if not isinstance(bundle.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or bundle.cert is None:
        raise KeyStoreUnavailable("A key file holds no key that this service can use.")
    others = (entry.certificate for entry in bundle.additional_certs)
    return KeyHandle(bundle.key), (bundle.cert.certificate, *others)


def new_serial() -> int:
    """Random, positive, of 159 bits: 20 octets, none of them a needless zero. Source: RFC 5280 section 4.1.2.2."""
    return secrets.randbits(159) | (1 << 158)
