"""Keys in a PKCS#11 token; beside them a folder that says which key has which name and certificates.

A name's file (mode 0600, ``<name>.token.pem``) is the key's PKCS#11 URI and its chain in PEM. It holds no secret.
Source: RFC 7512 (the URI), RFC 7468 section 2 (text before PEM).
"""

import re
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.signing.errors import KeyOffline, KeyStoreUnavailable
from lienthong.signing.keys.files import write_atomically
from lienthong.signing.keys.handles import KeyHandle, KeyKind
from lienthong.signing.keys.store import Chain, on_disk
from lienthong.signing.keys.token import KEY_ID_BYTES, Token
from lienthong.signing.keys.token_keys import TokenECKey, TokenRSAKey, token_key

_URI = re.compile(rb"^pkcs11:[^\n]*?;id=((?:%[0-9a-f]{2}){" + str(KEY_ID_BYTES).encode() + rb"});", re.MULTILINE)


class TokenKeyStore:
    """A :class:`~lienthong.signing.keys.store.KeyStore` whose private keys are made in a token and never leave it."""

    def __init__(self, folder: Path, *, module: str, label: str, pin: str) -> None:
        self._folder = folder
        self._label = label
        self._token = Token(module, label, pin)

    def has(self, name: str) -> bool:
        """Whether the key was kept under that name."""
        return self._path(name).exists()

    def generate(self, kind: KeyKind = KeyKind.P256) -> KeyHandle:
        """A fresh key in the token. If it is never added it stays there without a name."""
        key_id, public = self._token.generate(kind)
        return KeyHandle(token_key(self._token, key_id, public))

    def add(self, name: str, handle: KeyHandle, chain: Chain) -> bool:
        """As :meth:`KeyStore.add`; when the name is taken, the new key is destroyed."""
        key_id = self._id_of(handle)
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in chain)
        escaped = "".join(f"%{byte:02x}" for byte in key_id)
        uri = f"pkcs11:token={quote(self._label)};id={escaped};type=private\n"
        added = on_disk(lambda: write_atomically(self._path(name), uri.encode() + pem, replace=False))
        if not added:
            self._token.destroy(key_id)
        return added

    def remove(self, name: str) -> None:
        """Destroys a key that nobody needs any more."""
        if self.has(name):
            key_id, _chain = self._read(name)
            self._token.destroy(key_id)
            on_disk(lambda: self._path(name).unlink(missing_ok=True))

    def load(self, name: str) -> tuple[KeyHandle, Chain]:
        """As :meth:`KeyStore.load`."""
        if not self.has(name):
            raise KeyOffline(f"The key '{name}' is not on this machine. Bring it online and try again.")
        key_id, chain = self._read(name)
        self._token.require(key_id)
        public = chain[0].public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise KeyStoreUnavailable("A certificate beside the token is of a kind that is not used here.")
        return KeyHandle(token_key(self._token, key_id, public)), chain

    def close(self) -> None:
        """Ends the session with the token."""
        self._token.close()

    def _id_of(self, handle: KeyHandle) -> bytes:
        key = handle.private_key_in_token()
        if not isinstance(key, TokenECKey | TokenRSAKey):
            raise KeyStoreUnavailable("Keys for a token are made in it.")
        return key.key_id

    def _read(self, name: str) -> tuple[bytes, Chain]:
        content = on_disk(self._path(name).read_bytes)
        found = _URI.search(content)
        try:
            chain = tuple(x509.load_pem_x509_certificates(content))
        except ValueError as error:
            raise KeyStoreUnavailable("A certificate beside the token is damaged.") from error
        if found is None:
            raise KeyStoreUnavailable("A file beside the token does not name its key.")
        return bytes.fromhex(found.group(1).decode().replace("%", "")), chain

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.token.pem"
