import zlib
from datetime import timedelta

import pytest

from lienthong.shared.contracts.directory import DIRECTORY_TYPE, DirectorySnapshot, Level, NodeEntry
from lienthong.shared.directory import (
    MAX_CONTENT_BYTES,
    Directory,
    DirectoryInvalid,
    DirectoryRolledBack,
    open_snapshot,
    packed,
)
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.seals import SealInvalid, SealKey
from tests.support.pki import NOW, PKI


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def seal(pki: PKI) -> SealKey:
    return pki.directory_seal()


def snapshot(version: int = 7, *, issued_after_s: int = 0, lifetime_s: int = 3600) -> DirectorySnapshot:
    issued_at = NOW + timedelta(seconds=issued_after_s)
    return DirectorySnapshot(
        version=version,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=lifetime_s),
        nodes=(),
        agencies=(),
    )


def test_a_sealed_snapshot_opens(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot())

    assert open_snapshot(jws, trust=pki.trust(), now=NOW, held_version=7) == snapshot()


def test_a_nodes_seal_is_no_directory_seal(pki: PKI) -> None:
    jws = pki.node_seal("H28").seal(DIRECTORY_TYPE, snapshot())

    with pytest.raises(SealInvalid):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_seal_of_another_type_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal("lienthong-envelope+jws", snapshot())

    with pytest.raises(SealInvalid):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_seal_under_a_foreign_root_is_refused(seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot())

    with pytest.raises(SealInvalid):
        open_snapshot(jws, trust=PKI.new().trust(), now=NOW)


def test_a_rolled_back_snapshot_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot(7))

    with pytest.raises(DirectoryRolledBack):
        open_snapshot(jws, trust=pki.trust(), now=NOW, held_version=8)


def test_a_snapshot_from_the_future_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot(issued_after_s=301))

    with pytest.raises(DirectoryInvalid, match="future"):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_snapshot_that_never_was_good_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot(lifetime_s=0))

    with pytest.raises(DirectoryInvalid, match="expires"):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_payload_that_is_no_snapshot_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, b'{"version": 7}')

    with pytest.raises(DirectoryInvalid):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_circle_of_nodes_is_refused(pki: PKI, seal: SealKey) -> None:
    itself = NodeEntry(
        id=NodeId("H28"),
        parent=NodeId("H28"),
        name="H28",
        level=Level.PROVINCE,
        broker="b",
        url="https://h28.example.vn",
    )
    jws = seal.seal(DIRECTORY_TYPE, snapshot().model_copy(update={"nodes": (itself,)}))

    with pytest.raises(DirectoryInvalid, match="lead back"):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_an_expired_snapshot_still_opens_and_is_flagged(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, snapshot(issued_after_s=-7200))

    opened = open_snapshot(jws, trust=pki.trust(), now=NOW)

    assert Directory(opened).is_stale(NOW)


def test_a_snapshot_travels_packed_and_an_unpacked_one_of_an_earlier_registry_opens(pki: PKI, seal: SealKey) -> None:
    sealed = [seal.seal(DIRECTORY_TYPE, payload) for payload in (packed(snapshot()), snapshot())]

    assert [open_snapshot(jws, trust=pki.trust(), now=NOW) for jws in sealed] == [snapshot(), snapshot()]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_packed_snapshot_that_is_cut_off_is_refused(pki: PKI, seal: SealKey, cut: int) -> None:
    jws = seal.seal(DIRECTORY_TYPE, packed(snapshot())[:-cut])

    with pytest.raises(DirectoryInvalid):
        open_snapshot(jws, trust=pki.trust(), now=NOW)


def test_a_snapshot_that_unpacks_without_end_is_refused(pki: PKI, seal: SealKey) -> None:
    jws = seal.seal(DIRECTORY_TYPE, zlib.compress(b" " * (MAX_CONTENT_BYTES + 1)))

    with pytest.raises(DirectoryInvalid, match="larger"):
        open_snapshot(jws, trust=pki.trust(), now=NOW)
