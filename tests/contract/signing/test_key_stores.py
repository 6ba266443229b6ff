"""What every key store does, whether keys are in PKCS#12 files or in a PKCS#11 token."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lienthong.signing.domain.issuance import draft_root
from lienthong.signing.domain.revocation import draft_crl
from lienthong.signing.errors import KeyOffline
from lienthong.signing.keys.handles import KeyHandle, KeyKind, PublicKey, new_serial
from lienthong.signing.keys.store import FileKeyStore, KeyStore
from lienthong.signing.keys.token_store import TokenKeyStore
from tests.support.softhsm import MODULE, PIN, SoftToken

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OpenStore = Callable[[], KeyStore]
KINDS = list(KeyKind)


@pytest.fixture(params=["files", "token"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the store, as a process does when it starts."""
    token: SoftToken | None = request.getfixturevalue("soft_token") if request.param == "token" else None
    opened: list[KeyStore] = []

    def open_one() -> KeyStore:
        if token is None:
            opened.append(FileKeyStore(tmp_path, "không ai đoán được"))
        else:
            opened.append(TokenKeyStore(tmp_path, module=MODULE, label=token.label, pin=PIN))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def certificate_for(handle: KeyHandle) -> x509.Certificate:
    draft = draft_root(handle.public_key, organisation="Thử", serial=new_serial(), now=NOW)
    return handle.sign_certificate(draft)


def verify(public: PublicKey, signature: bytes, data: bytes) -> None:
    """Raises when the signature is not good."""
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        digest = hashes.SHA256() if public.key_size == 256 else hashes.SHA384()
        public.verify(signature, data, ec.ECDSA(digest))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_key_signs_after_a_restart(open_store: OpenStore, kind: KeyKind) -> None:
    store = open_store()
    handle = store.generate(kind)
    certificate = certificate_for(handle)
    assert store.add("remote/1", handle, (certificate,))
    store.close()

    again, chain = open_store().load("remote/1")

    assert chain == (certificate,)
    verify(handle.public_key, again.sign(b"data"), b"data")
    verify(again.public_key, handle.sign(b"data"), b"data")


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_and_revocation_lists_are_signed(open_store: OpenStore, kind: KeyKind) -> None:
    handle = open_store().generate(kind)

    certificate = certificate_for(handle)
    crl = handle.sign_crl(draft_crl(certificate, [], number=1, this_update=NOW, lifetime=timedelta(days=7)))

    certificate.verify_directly_issued_by(certificate)
    assert crl.is_signature_valid(handle.public_key)


def test_a_key_is_never_overwritten(open_store: OpenStore) -> None:
    store = open_store()
    first, second = store.generate(), store.generate()
    kept = certificate_for(first)
    store.add("root", first, (kept,))

    assert not store.add("root", second, (certificate_for(second),))

    again, chain = open_store().load("root")
    assert chain == (kept,)
    verify(first.public_key, again.sign(b"data"), b"data")


def test_a_removed_key_is_gone(open_store: OpenStore) -> None:
    store = open_store()
    handle = store.generate()
    store.add("remote/1", handle, (certificate_for(handle),))
    store.load("remote/1")

    store.remove("remote/1")
    store.remove("remote/1")

    assert not store.has("remote/1")
    with pytest.raises(KeyOffline):
        store.load("remote/1")


def test_a_key_that_is_not_here_is_offline(open_store: OpenStore) -> None:
    with pytest.raises(KeyOffline):
        open_store().load("root")


def test_what_is_kept_is_for_its_owner_only(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    handle = store.generate()

    store.add("remote/1", handle, (certificate_for(handle),))

    (path,) = (tmp_path / "remote").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"PRIVATE KEY" not in path.read_bytes()
