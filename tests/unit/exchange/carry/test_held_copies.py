"""Local copies of published things: the last good one stays, and a refused one gets another look."""

from pathlib import Path

import pytest

from lienthong.exchange.errors import DirectoryMissing
from lienthong.exchange.storage.held import HeldCopy


async def test_a_copy_refused_while_the_clock_was_wrong_is_taken_when_it_is_right(tmp_path: Path) -> None:
    path = tmp_path / "directory.jws"
    path.write_bytes(b"sealed tomorrow")
    clock_is_right = False

    def parse(published: bytes) -> str:
        if not clock_is_right:
            raise ValueError("from the future")
        return published.decode()

    held = HeldCopy(path, parse=parse, missing=DirectoryMissing("None yet."))
    with pytest.raises(ValueError, match="from the future"):
        await held.reload()
    clock_is_right = True

    await held.reload()

    assert held.current() == "sealed tomorrow"


async def test_a_damaged_copy_does_not_displace_the_good_one(tmp_path: Path) -> None:
    path = tmp_path / "trust-list.jws"
    path.write_bytes(b"1")
    held = HeldCopy(path, parse=int, missing=DirectoryMissing("None yet."))
    await held.reload()
    path.write_bytes(b"torn")

    with pytest.raises(ValueError, match="torn"):
        await held.reload()
    with pytest.raises(ValueError, match="torn"):
        await held.replace(b"torn")

    assert held.current() == 1
