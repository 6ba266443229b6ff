from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.acceptance.whole_network import WholeNetwork, whole_network
from tests.integration.admin.desk import Desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeNetwork]:
    async with whole_network(tmp_path_factory.mktemp("admin")) as serving:
        yield serving


@pytest.fixture
def desk(network: WholeNetwork) -> Desk:
    return Desk(network=network)
