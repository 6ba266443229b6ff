"""Keys in a PKCS#11 token: SoftHSM2 holds them, OpenSSL judges what was signed with them."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path

import pkcs11
import pytest

from lienthong.signing.domain.records import ROOT
from lienthong.signing.errors import KeyOffline, KeyStoreUnavailable
from lienthong.signing.keys.token import Token
from lienthong.signing.keys.token_keys import TokenECKey
from lienthong.signing.keys.token_store import TokenKeyStore
from tests.contract.signing.test_key_stores import certificate_for, verify
from tests.integration.signing.harness import Service, running, settings_for
from tests.integration.signing.test_certificates import issue, openssl_verify, revoke
from tests.support.softhsm import MODULE, PIN, SoftToken


@pytest.fixture
def store(tmp_path: Path, soft_token: SoftToken) -> TokenKeyStore:
    return TokenKeyStore(tmp_path, module=MODULE, label=soft_token.label, pin=PIN)


@pytest.fixture
async def in_token(tmp_path: Path, soft_token: SoftToken) -> AsyncIterator[Service]:
    """The whole service with every key of its own in a token."""
    settings = settings_for(
        tmp_path / "state",
        f"sqlite+aiosqlite:///{tmp_path}/signing.sqlite",
        pkcs11_module=MODULE,
        pkcs11_token=soft_token.label,
        pkcs11_pin=PIN,
    )
    async with running(settings) as service:
        yield service


async def test_openssl_accepts_what_the_token_issued_and_refuses_what_it_revoked(
    in_token: Service, tmp_path: Path
) -> None:
    issued = (await issue(in_token)).json()

    before = await openssl_verify(in_token, issued["certificate"], tmp_path)
    assert (before.returncode, before.stdout) == (0, "leaf.pem: OK\n"), before.stderr

    assert (await revoke(in_token, issued["serial"])).status_code == 200
    after = await openssl_verify(in_token, issued["certificate"], tmp_path)
    assert after.returncode != 0
    assert "certificate revoked" in after.stderr


async def test_no_private_key_is_on_the_disk(in_token: Service) -> None:
    kept = [path for path in in_token.settings.keys_dir.rglob("*") if path.is_file()]

    assert kept
    assert all(path.name.endswith(".token.pem") for path in kept)


def test_the_value_of_a_key_cannot_be_had(store: TokenKeyStore, soft_token: SoftToken) -> None:
    handle = store.generate()
    key = handle.private_key_in_token()

    assert isinstance(key, TokenECKey)
    with pytest.raises(KeyStoreUnavailable):
        key.private_bytes()
    with pytest.raises(KeyStoreUnavailable):
        copy.copy(key)
    with pytest.raises(KeyStoreUnavailable):
        handle.export((certificate_for(handle),), "mật khẩu")

    session = pkcs11.lib(MODULE).get_token(token_label=soft_token.label).open()
    (private,) = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
    assert private[pkcs11.Attribute.NEVER_EXTRACTABLE]
    assert private[pkcs11.Attribute.ALWAYS_SENSITIVE]


def test_the_session_is_opened_again_after_the_token_was_away(store: TokenKeyStore, soft_token: SoftToken) -> None:
    handle = store.generate()
    store.add("root", handle, (certificate_for(handle),))

    with soft_token.taken_out():
        with pytest.raises(KeyStoreUnavailable):
            handle.sign(b"data")
        with pytest.raises(KeyStoreUnavailable):
            store.load("root")

    verify(handle.public_key, handle.sign(b"data"), b"data")
    verify(handle.public_key, store.load("root")[0].sign(b"data"), b"data")


def test_a_key_that_is_in_no_token_is_offline(store: TokenKeyStore, soft_token: SoftToken) -> None:
    handle = store.generate()
    store.add("root", handle, (certificate_for(handle),))
    session = pkcs11.lib(MODULE).get_token(token_label=soft_token.label).open(rw=True)
    for half in list(session.get_objects()):
        half.destroy()

    with pytest.raises(KeyOffline):
        handle.sign(b"data")
    with pytest.raises(KeyOffline):
        store.load("root")


def test_a_wrong_pin_is_tried_once_only(soft_token: SoftToken) -> None:
    token = Token(MODULE, soft_token.label, "000000")

    with pytest.raises(KeyStoreUnavailable, match="PIN"):
        token.require(b"0" * 16)

    flags = pkcs11.lib(MODULE).get_token(token_label=soft_token.label).flags
    assert pkcs11.TokenFlag.USER_PIN_FINAL_TRY not in flags


async def test_without_its_token_the_service_says_so(in_token: Service, soft_token: SoftToken) -> None:
    with soft_token.taken_out():
        answer = await issue(in_token)
    again = await issue(in_token)

    assert (answer.status_code, answer.json()["code"]) == (503, "key-store-unavailable")
    assert again.status_code == 200
    assert in_token.factory.resources.keys.has(ROOT)
