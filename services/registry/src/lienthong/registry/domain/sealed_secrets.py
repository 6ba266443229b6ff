"""Secrets that the registry must be able to say again, to nodes: encrypted where they are stored.

AES-256-GCM (NIST SP 800-38D) under a key derived from the operator's by HKDF (RFC 5869); the system's id is
authenticated along with it, so that a secret cannot be moved to another system in the database.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lienthong.shared.errors import LienthongError

_NONCE_BYTES: Final = 12
"""Source: NIST SP 800-38D section 8.2.2, at random."""
_PURPOSE: Final = b"lienthong.registry.systems"


class SecretUnreadable(LienthongError):
    """A stored secret was not encrypted with the key that is configured now."""

    code = "system-secret-unreadable"
    title = "A stored secret cannot be read"


class SecretSealer:
    """Encrypts and decrypts secrets of systems. ``key``: any text with at least 128 bits of randomness."""

    def __init__(self, key: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
        self._cipher = AESGCM(derived)

    def seal(self, secret: str, system_id: str) -> bytes:
        """What is stored: nonce, then ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), system_id.encode())

    def open(self, sealed: bytes, system_id: str) -> str:
        """The secret again. Raises :class:`SecretUnreadable`."""
        try:
            opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], system_id.encode())
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable(
                f"A secret of {system_id} is not readable with LIENTHONG_REGISTRY_SYSTEMS_KEY; rotate it."
            ) from error
        return opened.decode()
