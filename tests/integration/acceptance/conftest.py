import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.servers import create_database
from tests.integration.acceptance.evidence_files import COMMUNE, FILE, ROOT, complete_evidence, travelled
from tests.integration.acceptance.whole_network import WholeNetwork, whole_network


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeNetwork]:
    """Registry, signing and four nodes over SQLite."""
    async with whole_network(tmp_path_factory.mktemp("whole")) as serving:
        yield serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_network(
    tmp_path_factory: pytest.TempPathFactory, postgres_server_url: str
) -> AsyncIterator[WholeNetwork]:
    """The same over PostgreSQL."""

    def database(name: str) -> str:
        return create_database(postgres_server_url, f"{name}_{uuid.uuid4().hex}")

    async with whole_network(tmp_path_factory.mktemp("whole-postgres"), database=database) as serving:
        yield serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def court(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the evidence file of a journey over four nodes and the root certificate; nothing runs any more."""
    court, folder = tmp_path_factory.mktemp("court"), tmp_path_factory.mktemp("stopped")
    async with whole_network(folder) as network:
        document = await travelled(network, folder=tmp_path_factory.mktemp("letter"))
        (court / FILE).write_bytes(await complete_evidence(network, COMMUNE, document))
        shutil.copyfile(network.site.root_path, court / ROOT)
    shutil.rmtree(folder)
    return court
