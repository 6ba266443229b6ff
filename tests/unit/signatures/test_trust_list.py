"""The sealed trust list: what a node takes over, and the attacks that it refuses."""

from datetime import datetime, timedelta

import pytest

from lienthong.shared.contracts.trust import TRUST_LIST_TYPE
from lienthong.shared.signatures.profiles import TRUST_LIST_URI, Profile
from lienthong.shared.signatures.seals import SealInvalid
from lienthong.shared.signatures.trust_list import (
    TrustListInvalid,
    TrustListRolledBack,
    open_trust_list,
)
from tests.support.pki import NOW, PKI


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


def opened(pki: PKI, jws: str, *, now: datetime = NOW, held: int | None = None) -> int:
    return open_trust_list(jws, roots=pki.roots_pem, now=now, held_version=held).version


def test_a_sealed_list_is_opened_and_the_same_version_again(pki: PKI) -> None:
    jws = pki.sealed_trust_list(version=7)

    assert opened(pki, jws) == 7
    assert opened(pki, jws, held=7) == 7
    assert opened(pki, jws, held=6) == 7


def test_a_lapsed_list_is_still_opened_for_nodes_must_go_on(pki: PKI) -> None:
    jws = pki.sealed_trust_list(expires_at=NOW - timedelta(days=1), issued_at=NOW - timedelta(days=2))

    assert opened(pki, jws) == 1


def test_rolled_back_trust_list_is_refused(pki: PKI) -> None:
    with pytest.raises(TrustListRolledBack):
        opened(pki, pki.sealed_trust_list(version=6), held=7)


def test_unsealed_trust_list_is_refused(pki: PKI) -> None:
    for bare in (pki.trust_list().model_dump_json(), "", "a.b.c"):
        with pytest.raises(SealInvalid):
            opened(pki, bare)


def test_trust_list_sealed_by_a_node_is_refused(pki: PKI) -> None:
    with pytest.raises(SealInvalid, match="profile trust-list"):
        opened(pki, pki.node_seal("H28").seal(TRUST_LIST_TYPE, pki.trust_list()))


def test_trust_list_sealed_under_another_root_is_refused(pki: PKI) -> None:
    with pytest.raises(SealInvalid):
        opened(pki, PKI.new().sealed_trust_list())


def test_changed_trust_list_is_refused(pki: PKI) -> None:
    header, payload, signature = pki.sealed_trust_list().split(".")
    other = pki.sealed_trust_list(version=2).split(".")[1]

    with pytest.raises(SealInvalid, match="changed after"):
        opened(pki, f"{header}.{other}.{signature}")
    assert payload != other


def test_a_statement_of_another_type_is_no_trust_list(pki: PKI) -> None:
    with pytest.raises(SealInvalid):
        opened(pki, pki.trust_list_seal().seal("other+jws", pki.trust_list()))
    with pytest.raises(TrustListInvalid):
        opened(pki, pki.trust_list_seal().seal(TRUST_LIST_TYPE, b'{"version": 0}'))


def test_trust_list_from_the_future_is_refused(pki: PKI) -> None:
    with pytest.raises(TrustListInvalid, match="future"):
        opened(pki, pki.sealed_trust_list(issued_at=NOW + timedelta(minutes=6)))


def test_trust_list_whose_seal_was_revoked_is_refused() -> None:
    pki = PKI.new()
    seal = pki.issuing.issue(Profile.TRUST_LIST, "Trust list", uri=TRUST_LIST_URI)
    before = seal.seal_key().seal(TRUST_LIST_TYPE, pki.trust_list())

    pki.issuing.revoke(seal.certificate, NOW - timedelta(hours=1))
    after = seal.seal_key().seal(TRUST_LIST_TYPE, pki.trust_list())

    assert opened(pki, before) == 1
    with pytest.raises(TrustListInvalid, match="withdrawn"):
        opened(pki, after)


def test_trust_list_with_a_lapsed_seal_is_refused(pki: PKI) -> None:
    with pytest.raises(SealInvalid):
        opened(pki, pki.sealed_trust_list(), now=NOW + timedelta(days=366))
