"""Private keys in a token, as ``cryptography`` takes them: its builders ask a key to sign, and need nothing else of it.

So certificates, revocation lists and OCSP answers are signed by the same code whether the key is in a file or in a
token. Everything that would need the private value is refused.
"""

from typing import NoReturn

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from lienthong.signing.errors import KeyStoreUnavailable
from lienthong.signing.keys.handles import InToken, PublicKey
from lienthong.signing.keys.token import Token

Data = bytes | bytearray | memoryview


class _Stays(InToken):
    """A private key whose value nobody can have."""

    def __init__(self, token: Token, key_id: bytes) -> None:
        self._token = token
        self.key_id = key_id

    def private_bytes(self, *_args: object, **_options: object) -> NoReturn:
        """Refused."""
        raise KeyStoreUnavailable("The key is in a token and never leaves it.")

    private_numbers = exchange = decrypt = __copy__ = __deepcopy__ = private_bytes


class TokenECKey(_Stays, ec.EllipticCurvePrivateKey):
    """An elliptic curve key in a token."""

    def __init__(self, token: Token, key_id: bytes, public: ec.EllipticCurvePublicKey) -> None:
        super().__init__(token, key_id)
        self._public = public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of the order of the curve."""
        return self._public.key_size

    def sign(self, data: Data, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA over ``data``, DER. The token gives r and s side by side. Source: PKCS #11 v2.40 section 2.3.1."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, Prehashed):
            raise KeyStoreUnavailable("Keys in a token sign data, not digests.")
        digest = hashes.Hash(algorithm)
        digest.update(data)
        pair = self._token.sign(self.key_id, digest.finalize(), pkcs11.Mechanism.ECDSA)
        half = len(pair) // 2
        return encode_dss_signature(int.from_bytes(pair[:half]), int.from_bytes(pair[half:]))


class TokenRSAKey(_Stays, rsa.RSAPrivateKey):
    """An RSA key in a token."""

    def __init__(self, token: Token, key_id: bytes, public: rsa.RSAPublicKey) -> None:
        super().__init__(token, key_id)
        self._public = public

    def public_key(self) -> rsa.RSAPublicKey:
        """The public half."""
        return self._public

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def sign(self, data: Data, padding: padding.AsymmetricPadding, algorithm: object) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over ``data``: the one form that is used here."""
        if padding.name != "EMSA-PKCS1-v1_5" or not isinstance(algorithm, hashes.SHA256):
            raise KeyStoreUnavailable("RSA keys in a token sign PKCS#1 v1.5 with SHA-256 only.")
        return self._token.sign(self.key_id, bytes(data), pkcs11.Mechanism.SHA256_RSA_PKCS)


def token_key(token: Token, key_id: bytes, public: PublicKey) -> TokenECKey | TokenRSAKey:
    """The private half of ``public``, which stays in the token."""
    if isinstance(public, rsa.RSAPublicKey):
        return TokenRSAKey(token, key_id, public)
    return TokenECKey(token, key_id, public)
