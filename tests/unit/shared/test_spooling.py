"""Bodies land in a file, or leave nothing."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable, spool


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_the_digest_is_of_what_was_written(tmp_path: Path) -> None:
    with await spool(pieces(b"ab", b"c"), tmp_path, limit_bytes=3, declared_length=3) as spooled:
        assert spooled.path.read_bytes() == b"abc"
        assert (spooled.size, spooled.sha256) == (3, hashlib.sha256(b"abc").hexdigest())

    assert list(tmp_path.iterdir()) == []


async def test_a_body_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PackageTooLarge):
        await spool(pieces(b"ab", b"cd"), tmp_path, limit_bytes=3)

    assert list(tmp_path.iterdir()) == []


async def test_a_declared_length_over_the_limit_is_refused_before_reading(tmp_path: Path) -> None:
    read: list[bytes] = []

    async def watched() -> AsyncIterator[bytes]:
        read.append(b"a")
        yield b"a"

    with pytest.raises(PackageTooLarge):
        await spool(watched(), tmp_path, limit_bytes=3, declared_length=2_000_000_000)

    assert read == []


async def test_a_body_cut_off_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BodyTruncated):
        await spool(pieces(b"ab"), tmp_path, limit_bytes=9, declared_length=5)

    assert list(tmp_path.iterdir()) == []


async def test_a_sender_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"ab"
        raise ConnectionResetError

    with pytest.raises(SpoolUnavailable):
        await spool(broken(), tmp_path, limit_bytes=9)

    assert list(tmp_path.iterdir()) == []


async def test_a_missing_spool_is_unavailable_not_an_internal_error(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable):
        await spool(pieces(b"ab"), tmp_path / "away", limit_bytes=9)
