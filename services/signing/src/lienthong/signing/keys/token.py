"""One PKCS#11 token: a session that is opened again after the token was away. Source: PKCS #11 v2.40 (OASIS)."""

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from lienthong.signing.errors import KeyOffline, KeyStoreUnavailable
from lienthong.signing.keys.handles import RSA_BITS, KeyKind, PublicKey

KEY_ID_BYTES = 16
"""Length of CKA_ID: random, so that no two processes choose the same."""
LABEL = "lienthong"
_FINAL = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.PinLenRange)
"""Errors after which another try would only bring the token nearer to locking itself."""
_SIGNS = pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY
_STAYS = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}

Result = TypeVar("Result")


class Token:
    """Keys in one token, by their CKA_ID. Blocking; threads take turns, as PKCS#11 wants it for one session."""

    def __init__(self, module: str, label: str, pin: str) -> None:
        self._module = module
        self._label = label
        self._pin = pin
        self._session: pkcs11.Session | None = None
        self._keys: dict[bytes, SignMixin] = {}
        self._lock = threading.RLock()

    def generate(self, kind: KeyKind) -> tuple[bytes, PublicKey]:
        """A new key pair: its CKA_ID and public half. The private half is sensitive and cannot be extracted.

        Raises:
            KeyStoreUnavailable: The token is away, or refuses.
        """
        key_id = secrets.token_bytes(KEY_ID_BYTES)
        der = self._run(lambda session: _generate(session, kind, key_id))
        public = load_der_public_key(der)
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise KeyStoreUnavailable("The token made a key of another kind.")
        return key_id, public

    def sign(self, key_id: bytes, data: bytes, mechanism: pkcs11.Mechanism) -> bytes:
        """What the token makes of ``data``. Raises :class:`KeyOffline` and :class:`KeyStoreUnavailable`."""
        return self._run(lambda session: self._key(session, key_id).sign(data, mechanism=mechanism))

    def require(self, key_id: bytes) -> None:
        """Raises :class:`KeyOffline` unless the private key is in the token."""
        self._run(lambda session: self._key(session, key_id))

    def destroy(self, key_id: bytes) -> None:
        """Removes both halves of a key."""

        def work(session: pkcs11.Session) -> None:
            for found in list(session.get_objects({pkcs11.Attribute.ID: key_id})):
                found.destroy()

        with self._lock:
            self._keys.pop(key_id, None)
            self._run(work)

    def close(self) -> None:
        """Ends the session; the next use opens another."""
        with self._lock:
            self._drop()

    def _key(self, session: pkcs11.Session, key_id: bytes) -> SignMixin:
        if key_id not in self._keys:
            found = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=key_id)
            self._keys[key_id] = cast("SignMixin", found)
        return self._keys[key_id]

    def _run(self, work: Callable[[pkcs11.Session], Result]) -> Result:
        """``work`` with the session.

        1. With the one that is open.
        2. If that fails, with a new one: the token may have been taken out and put back.
        3. If that fails, with the module loaded anew: some see returned tokens only then.
        """
        with self._lock:
            for reach in (self._held, self._opened, self._reloaded):
                try:
                    return work(reach())
                except _FINAL as error:
                    raise KeyStoreUnavailable("The token refuses its PIN.") from error
                except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                    self._drop()
                    last = error
        if isinstance(last, pkcs11.NoSuchKey):
            raise KeyOffline("The key is not in the token. Bring it online and try again.") from last
        raise KeyStoreUnavailable("The token that holds the keys is away, or refuses.") from last

    def _held(self) -> pkcs11.Session:
        return self._session or self._opened()

    def _reloaded(self) -> pkcs11.Session:
        pkcs11.lib(self._module).reinitialize()
        return self._opened()

    def _opened(self) -> pkcs11.Session:
        token = pkcs11.lib(self._module).get_token(token_label=self._label)
        try:
            self._session = token.open(rw=True, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:  # by another session of this process, with the same PIN
            self._session = token.open(rw=True)
        return self._session

    def _drop(self) -> None:
        self._keys.clear()
        if self._session is not None:
            with suppress(pkcs11.PKCS11Error):
                self._session.close()
            self._session = None


def _generate(session: pkcs11.Session, kind: KeyKind, key_id: bytes) -> bytes:
    """Makes the pair and gives the public half: SubjectPublicKeyInfo, DER."""
    options: dict[str, Any] = {
        "id": key_id,
        "label": LABEL,
        "store": True,
        "capabilities": _SIGNS,
        "private_template": _STAYS,
    }
    if kind.curve is None:
        public, _private = session.generate_keypair(pkcs11.KeyType.RSA, RSA_BITS, **options)
        return encode_rsa_public_key(public)
    parameters = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(kind.curve.name)}
    domain = session.create_domain_parameters(pkcs11.KeyType.EC, parameters, local=True)
    public, _private = domain.generate_keypair(**options)
    return encode_ec_public_key(public)
