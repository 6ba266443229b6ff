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


class InToken:
    """What marks a private key that is elsewhere: it signs, and there is nothing to write."""


class KeyKind(StrEnum):
    """The keys that this service makes."""

    P256 = "p-256"
    P384 = "p-384"
    RSA_3072 = "rsa-3072"

    @property
    def curve(self) -> ec.EllipticCurve | None:
        """The curve; None for RSA."""
        return {KeyKind.P256: ec.SECP256R1(), KeyKind.P384: ec.SECP384R1()}.get(self)


RSA_BITS = 3072
"""Length of RSA keys that are made here. Source: ETSI TS 119 312 clause 8.4."""
PUBLIC_EXPONENT = 65537
"""Source: NIST SP 800-57 part 3, section 1.4."""


class KeyHandle:
    """A private key that signs and can be written encrypted, unless it is in a token; it cannot be read out."""

    __slots__ = ("_key",)

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls, kind: KeyKind = KeyKind.P256) -> "KeyHandle":
        """A fresh key in this process's memory. Keys that stay in the service come from its store instead."""
        if kind.curve is None:
            return cls(rsa.generate_private_key(PUBLIC_EXPONENT, RSA_BITS))
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
        """PKCS#12 with this key and ``chain``, leaf first, encrypted. ``password`` must not be empty.

        Raises:
            KeyStoreUnavailable: The key is in a token, which it never leaves.
        """
        if isinstance(self._key, InToken):
            raise KeyStoreUnavailable("A key in a token cannot be written to a file.")
        leaf, *others = chain
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(b"lienthong", self._key, leaf, others, encryption)

    def private_key_in_token(self) -> InToken | None:
        """The key, if it is in a token; what is given signs, and has no value to be read."""
        return self._key if isinstance(self._key, InToken) else None

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
