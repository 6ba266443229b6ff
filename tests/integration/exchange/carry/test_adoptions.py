"""A package whose commit may have happened stays; one that was refused goes, unless it belongs to somebody."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from lienthong.exchange.errors import IdempotencyKeyReused
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.identifiers import Sha256, new_uuid
from lienthong.shared.spooling import SpooledFile
from tests.integration.exchange.carry.tree import Tree

PACKAGE = b"invented"
DIGEST = Sha256(hashlib.sha256(PACKAGE).hexdigest())
ENDS: dict[str, tuple[BaseException, list[str]]] = {
    "refused by a rule": (IdempotencyKeyReused("Use a fresh key."), []),
    "the database went away in the commit": (DatabaseUnavailable("Try again."), [DIGEST]),
    "the process was told to stop in the commit": (asyncio.CancelledError(), [DIGEST]),
    "the connection broke in the commit": (ConnectionResetError(), [DIGEST]),
}


def _spooled(folder: Path) -> SpooledFile:
    path = folder / new_uuid()
    path.write_bytes(PACKAGE)
    return SpooledFile(path=path, size=len(PACKAGE), sha256=DIGEST)


@pytest.mark.parametrize("end", ENDS)
async def test_only_a_refusal_takes_the_package_away(tree: Tree, end: str) -> None:
    error, left = ENDS[end]
    node = tree["H28"]

    with pytest.raises(type(error)):
        async with node.factory.adoptions.adopted(_spooled(tree.folder)):
            raise error

    assert await node.blobs() == left


async def test_a_refused_package_stays_while_another_submission_of_it_is_under_way(tree: Tree) -> None:
    node = tree["H28"]

    async with node.factory.adoptions.adopted(_spooled(tree.folder)):
        with pytest.raises(IdempotencyKeyReused):
            async with node.factory.adoptions.adopted(_spooled(tree.folder)):
                raise IdempotencyKeyReused("Use a fresh key.")

    assert await node.blobs() == [DIGEST]
