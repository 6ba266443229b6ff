"""Room is asked for before bytes are written, and a disk that fills up on the way says the same."""

import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lienthong.shared.disk_space import InsufficientStorage, Room, is_full
from lienthong.shared.problems import status_of
from lienthong.shared.spooling import WRITTEN_BYTES, spool
from tests.support.full_disk import full_after

SPOOL, PACKAGES = Path("/spool"), Path("/packages")


def _room(**free: int) -> Room:
    by_folder = {Path(f"/{name}"): value for name, value in free.items()}
    return Room(folders=(SPOOL, PACKAGES), reserve_bytes=100, free=by_folder.__getitem__)


def test_what_fits_with_the_reserve_is_taken() -> None:
    _room(spool=600, packages=600).require(500)


@pytest.mark.parametrize("free", [{"spool": 599, "packages": 600}, {"spool": 600, "packages": 599}])
def test_a_byte_less_on_any_disk_is_refused_with_the_figures(free: dict[str, int]) -> None:
    with pytest.raises(InsufficientStorage) as refused:
        _room(**free).require(500)

    assert refused.value.facts == {"needed_bytes": 600, "free_bytes": 599}
    assert status_of(InsufficientStorage) == 503
    assert refused.value.retry_after.total_seconds() == 60


def test_a_disk_that_is_away_has_no_room() -> None:
    def away(_folder: Path) -> int:
        raise OSError(errno.EIO, "away")

    with pytest.raises(InsufficientStorage):
        Room(folders=(SPOOL,), reserve_bytes=0, free=away).require(1)


def test_the_real_disk_is_asked(tmp_path: Path) -> None:
    room = Room(folders=(tmp_path,), reserve_bytes=0)

    room.require(1)
    with pytest.raises(InsufficientStorage):
        room.require(2**60)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_of_being_full_is_known(number: int) -> None:
    assert is_full(OSError(number, ""))
    assert not is_full(OSError(errno.EIO, ""))


@pytest.mark.parametrize("size", [5_000, 3 * WRITTEN_BYTES], ids=["small", "large"])
async def test_a_disk_that_fills_up_in_the_middle_is_told_and_nothing_is_left(size: int, tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(size // 1_000):
            yield b"x" * 1_000

    with full_after(size // 2), pytest.raises(InsufficientStorage):
        await spool(body(), tmp_path, limit_bytes=size)

    assert list(tmp_path.iterdir()) == []
