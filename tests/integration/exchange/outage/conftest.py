from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.exchange.carry.tree import migrated
from tests.integration.exchange.outage.two_nodes import TwoNodes, two_nodes


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("empty"))


@pytest.fixture
async def network(tmp_path: Path, empty_database: Path) -> AsyncIterator[TwoNodes]:
    """Two nodes and the signing service, all of them running."""
    async with two_nodes(tmp_path, empty_database) as running:
        yield running
