"""A package whose commit may have happened stays; one that was refused is marked, unless it belongs to somebody."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from lienthong.exchange.errors import IdempotencyKeyReused
from lienthong.exchange.storage.retention_schema import package_removals
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.identifiers import Sha256, new_uuid
from lienthong.shared.spooling import SpooledFile
from tests.integration.exchange.carry.tree import Tree, letter

PACKAGE = b"invented"
DIGEST = Sha256(hashlib.sha256(PACKAGE).hexdigest())
ENDS: dict[str, tuple[BaseException, list[str]]] = {
    "refused by a rule": (IdempotencyKeyReused("Use a fresh key."), [DIGEST]),
    "the database went away in the commit": (DatabaseUnavailable("Try again."), []),
    "the process was told to stop in the commit": (asyncio.CancelledError(), []),
    "the connection broke in the commit": (ConnectionResetError(), []),
}


def _spooled(folder: Path, package: bytes = PACKAGE) -> SpooledFile:
    path = folder / new_uuid()
    path.write_bytes(package)
    return SpooledFile(path=path, size=len(package), sha256=Sha256(hashlib.sha256(package).hexdigest()))


@pytest.mark.parametrize("end", ENDS)
async def test_only_a_refusal_marks_the_package_and_nothing_takes_it_away_at_once(tree: Tree, end: str) -> None:
    error, marked = ENDS[end]
    node = tree["H28"]

    with pytest.raises(type(error)):
        async with node.factory.adoptions.adopted(_spooled(tree.folder), now=node.factory.clock()):
            raise error

    assert await node.blobs() == [DIGEST]
    assert [one["sha256"] for one in await node.rows(package_removals)] == marked


async def test_a_refused_package_that_a_document_has_is_not_marked(tree: Tree) -> None:
    node, package = tree["H28"], letter("H28", ["G22"], folder=tree.folder)
    await tree.submit("H28", package)

    with pytest.raises(IdempotencyKeyReused):
        async with node.factory.adoptions.adopted(_spooled(tree.folder, package), now=node.factory.clock()):
            raise IdempotencyKeyReused("Use a fresh key.")

    assert await node.rows(package_removals) == []
