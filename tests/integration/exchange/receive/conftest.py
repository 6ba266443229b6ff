import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.servers import create_database
from lienthong.exchange.config import MIGRATIONS
from lienthong.exchange.storage.schema import metadata
from lienthong.shared.database import Database
from lienthong.shared.migrating import migrate
from tests.integration.exchange.receive.receiving_node import ReceivingNode, receiving_node


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database without a row, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "node.db"
    migrate(f"sqlite:///{path}", MIGRATIONS)
    return path


@pytest.fixture(scope="session")
def migrated_url(postgres_server_url: str) -> str:
    """A PostgreSQL database, to be emptied before each test."""
    url = create_database(postgres_server_url, f"receive_{uuid.uuid4().hex}")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Either database, empty."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("migrated_url")
        asyncio.run(_empty(url))
        return url
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "node.db")
    return f"sqlite:///{tmp_path / 'node.db'}"


@pytest.fixture
async def node(database_url: str, tmp_path: Path) -> AsyncIterator[ReceivingNode]:
    """A node on either database."""
    async with receiving_node(tmp_path, database_url) as opened:
        yield opened


async def _empty(url: str) -> None:
    database = Database(url)
    async with database.begin() as connection:
        await connection.execute(text(f"truncate {', '.join(table.name for table in metadata.sorted_tables)}"))
    await database.close()
