"""Each contract runs over every implementation: buses, databases, blob stores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lienthong.shared.blobs import BlobStore
from lienthong.shared.blobs.obstore_store import open_blob_store
from lienthong.shared.database import Database
from tests.contract.buses import Buses, InProcessBuses, RabbitMQBuses
from tests.contract.outboxes import metadata
from tests.support.databases import opened


@pytest.fixture(params=["in-process", "rabbitmq"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[Buses]:
    if request.param == "in-process":
        yield InProcessBuses()
        return
    rabbitmq = RabbitMQBuses(request.getfixturevalue("rabbitmq_url"))
    yield rabbitmq
    await rabbitmq.close()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return open_blob_store((tmp_path / "blobs").as_uri())
    return open_blob_store(request.getfixturevalue("s3_url"))


@pytest.fixture
async def sender(database: Database) -> Database:
    """The sending node's database."""
    async with database.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return database


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Database]:
    """The receiving node's database."""
    async with opened(f"sqlite:///{tmp_path / 'receiver.sqlite'}") as database:
        async with database.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> BlobStore:
    """A blob store, where it does not matter which."""
    return open_blob_store((tmp_path / "folder").as_uri())
