"""How private keys are kept."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lienthong.signing.domain.issuance import draft_root
from lienthong.signing.errors import KeyOffline, KeyStoreUnavailable
from lienthong.signing.keys.handles import KeyHandle, new_serial
from lienthong.signing.keys.store import FileKeyStore

PASSWORD = "không ai đoán được"


def new_key() -> tuple[KeyHandle, x509.Certificate]:
    handle = KeyHandle.generate()
    now = datetime(2026, 3, 2, tzinfo=UTC)
    draft = draft_root(handle.public_key, organisation="Thử", serial=new_serial(), now=now)
    return handle, handle.sign_certificate(draft)


def test_a_kept_key_signs_after_a_restart(tmp_path: Path) -> None:
    handle, certificate = new_key()
    FileKeyStore(tmp_path, PASSWORD).add("remote/1", handle, (certificate,))

    again, chain = FileKeyStore(tmp_path, PASSWORD).load("remote/1")

    public = chain[0].public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(again.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))


def test_a_key_file_is_for_its_owner_only_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    handle, certificate = new_key()

    FileKeyStore(tmp_path / "keys", PASSWORD).add("root", handle, (certificate,))

    (path,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"PRIVATE KEY" not in path.read_bytes()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path, PASSWORD)
    (first, certificate), (second, another) = new_key(), new_key()
    store.add("root", first, (certificate,))

    assert not store.add("root", second, (another,))

    assert FileKeyStore(tmp_path, PASSWORD).load("root")[1] == (certificate,)


def test_a_wrong_password_opens_nothing(tmp_path: Path) -> None:
    handle, certificate = new_key()
    FileKeyStore(tmp_path, PASSWORD).add("root", handle, (certificate,))

    with pytest.raises(KeyStoreUnavailable):
        FileKeyStore(tmp_path, "another").load("root")


def test_a_key_that_is_taken_away_is_offline_at_once(tmp_path: Path) -> None:
    handle, certificate = new_key()
    store = FileKeyStore(tmp_path, PASSWORD)
    store.add("root", handle, (certificate,))
    store.load("root")

    (tmp_path / "root.p12").unlink()

    with pytest.raises(KeyOffline):
        store.load("root")
