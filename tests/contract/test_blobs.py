"""What every blob store promises."""

import asyncio
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lienthong.shared.blobs import CHUNK_BYTES, BlobMissing, BlobStore, BlobStoreUnavailable
from lienthong.shared.blobs.obstore_store import open_blob_store
from lienthong.shared.identifiers import Sha256

LARGE = 3 * CHUNK_BYTES + 17
NONE = Sha256("0" * 64)
HOUR = timedelta(hours=1)


def _spool(folder: Path, content: bytes) -> tuple[Path, Sha256]:
    spooled = folder / "spooled"
    spooled.write_bytes(content)
    return spooled, Sha256(hashlib.sha256(content).hexdigest())


async def _read(blobs: BlobStore, sha256: Sha256, *, start: int = 0, end: int | None = None) -> list[bytes]:
    return [piece async for piece in blobs.read(sha256, start=start, end=end)]


async def test_adopted_file_is_the_blob_and_leaves_the_spool(blobs: BlobStore, tmp_path: Path) -> None:
    content = os.urandom(LARGE)
    spooled, sha256 = _spool(tmp_path, content)

    await blobs.adopt(spooled, sha256)

    assert b"".join(await _read(blobs, sha256)) == content
    assert await blobs.size(sha256) == LARGE
    assert not spooled.exists()


async def test_large_file_is_stored_whole(blobs: BlobStore, tmp_path: Path) -> None:
    content = os.urandom(CHUNK_BYTES) * 12
    spooled, sha256 = _spool(tmp_path, content)

    await blobs.adopt(spooled, sha256)

    digest = hashlib.sha256()
    async for piece in blobs.read(sha256):
        digest.update(piece)
    assert digest.hexdigest() == sha256


async def test_pieces_are_bounded(blobs: BlobStore, tmp_path: Path) -> None:
    spooled, sha256 = _spool(tmp_path, os.urandom(LARGE))
    await blobs.adopt(spooled, sha256)

    pieces = await _read(blobs, sha256)

    assert max(len(piece) for piece in pieces) <= CHUNK_BYTES


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (5, None), (CHUNK_BYTES - 1, CHUNK_BYTES + 1), (LARGE - 1, LARGE + 50), (LARGE, None)]
)
async def test_range_gives_exactly_its_bytes(blobs: BlobStore, tmp_path: Path, start: int, end: int | None) -> None:
    content = os.urandom(LARGE)
    spooled, sha256 = _spool(tmp_path, content)
    await blobs.adopt(spooled, sha256)

    assert b"".join(await _read(blobs, sha256, start=start, end=end)) == content[start:end]


async def test_adopting_the_same_content_again_is_harmless(blobs: BlobStore, tmp_path: Path) -> None:
    for _ in range(2):
        spooled, sha256 = _spool(tmp_path, b"package")
        await blobs.adopt(spooled, sha256)
    await blobs.adopt(spooled, sha256)

    assert await _read(blobs, sha256) == [b"package"]


async def test_simultaneous_adoptions_of_the_same_content_leave_one_whole_blob(
    blobs: BlobStore, tmp_path: Path
) -> None:
    content = os.urandom(LARGE)
    spools = []
    for index in range(8):
        folder = tmp_path / str(index)
        folder.mkdir()
        spools.append(_spool(folder, content))

    await asyncio.gather(*(blobs.adopt(spooled, sha256) for spooled, sha256 in spools))

    assert b"".join(await _read(blobs, spools[0][1])) == content


async def test_empty_blob_is_a_blob(blobs: BlobStore, tmp_path: Path) -> None:
    spooled, sha256 = _spool(tmp_path, b"")
    await blobs.adopt(spooled, sha256)

    assert await blobs.size(sha256) == 0
    assert await _read(blobs, sha256) == []


async def test_missing_blob_is_missing(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(BlobMissing):
        await blobs.size(NONE)
    with pytest.raises(BlobMissing):
        await _read(blobs, NONE)
    with pytest.raises(BlobMissing):
        await blobs.adopt(tmp_path / "never-spooled", NONE)


async def test_deleted_blob_is_gone_and_deleting_again_is_harmless(blobs: BlobStore, tmp_path: Path) -> None:
    spooled, sha256 = _spool(tmp_path, b"package")
    await blobs.adopt(spooled, sha256)

    await blobs.delete(sha256)
    await blobs.delete(sha256)

    with pytest.raises(BlobMissing):
        await blobs.size(sha256)


async def test_blob_lies_where_operators_look_for_it(tmp_path: Path) -> None:
    blobs = open_blob_store((tmp_path / "blobs").as_uri())
    spooled, sha256 = _spool(tmp_path, b"package")

    await blobs.adopt(spooled, sha256)

    assert (tmp_path / "blobs" / sha256[:2] / sha256[2:4] / sha256).read_bytes() == b"package"


async def test_adopting_from_another_file_system_copies(tmp_path: Path) -> None:
    spooled = Path("/dev/shm") / f"lienthong-{os.getpid()}"  # noqa: S108 - a memory file system, never the test folder's
    spooled.write_bytes(b"package")
    sha256 = Sha256(hashlib.sha256(b"package").hexdigest())
    blobs = open_blob_store((tmp_path / "blobs").as_uri())

    await blobs.adopt(spooled, sha256)

    assert await _read(blobs, sha256) == [b"package"]
    assert not spooled.exists()
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [sha256]


async def test_store_that_is_away_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lienthong.shared.blobs.obstore_store.S3_RETRIES", 0)
    for name, value in {"ENDPOINT": "http://127.0.0.1:1", "ALLOW_HTTP": "true", "ACCESS_KEY_ID": "a"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    blobs = open_blob_store("s3://packages")
    spooled, sha256 = _spool(tmp_path, b"package")

    with pytest.raises(BlobStoreUnavailable):
        await blobs.size(sha256)
    with pytest.raises(BlobStoreUnavailable):
        await blobs.adopt(spooled, sha256)

    assert spooled.exists()


async def test_a_listing_names_every_blob_below_its_prefix_with_size_and_age(blobs: BlobStore, tmp_path: Path) -> None:
    stored = {}
    for number in range(20):
        spooled, sha256 = _spool(tmp_path, b"package" * number)
        await blobs.adopt(spooled, sha256)
        stored[sha256] = 7 * number

    found: dict[str, int] = {}
    for prefix in {one[:2] for one in stored}:
        async for piece in blobs.listing(prefix):
            assert all(one.sha256.startswith(prefix) for one in piece)
            found |= {one.sha256: one.size for one in piece if abs(datetime.now(UTC) - one.modified_at) < HOUR}

    assert {sha256: found[sha256] for sha256 in stored} == stored


async def test_a_listing_of_nothing_is_empty(blobs: BlobStore) -> None:
    await blobs.delete(NONE)

    assert [one async for one in blobs.listing("00")] == []


async def test_copies_that_were_cut_off_are_swept_once_they_are_old(tmp_path: Path) -> None:
    blobs = open_blob_store((tmp_path / "blobs").as_uri())
    spooled, sha256 = _spool(tmp_path, b"package")
    await blobs.adopt(spooled, sha256)
    left = tmp_path / "blobs" / sha256[:2] / sha256[2:4] / f"{sha256}.0.part"
    left.write_bytes(b"pack")

    assert await blobs.sweep(datetime.now(UTC) - HOUR) == 0
    assert await blobs.sweep(datetime.now(UTC) + HOUR) == 1
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [sha256]
