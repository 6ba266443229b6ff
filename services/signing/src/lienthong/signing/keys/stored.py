"""A stored key as the signature library takes it."""

from dataclasses import dataclass, field

from cryptography import x509

from lienthong.shared.signatures.keys import SignatureAlgorithm, algorithm_of
from lienthong.signing.keys.handles import KeyHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A :class:`~lienthong.shared.signatures.keys.SignatureKey` over a key that stays in the store."""

    handle: KeyHandle = field(repr=False)
    certificate_chain: tuple[x509.Certificate, ...]

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What :meth:`sign` does."""
        return algorithm_of(self.certificate_chain[0])

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``; DER for ECDSA."""
        return self.handle.sign(data)
