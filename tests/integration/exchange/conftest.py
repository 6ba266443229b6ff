from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.exchange.carry.tree import Tree, migrated, open_tree


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("empty"))


@pytest.fixture
async def tree(tmp_path: Path, empty_database: Path) -> AsyncIterator[Tree]:
    """Four nodes whose workers do not run yet."""
    async with open_tree(tmp_path, empty_database) as opened:
        yield opened
