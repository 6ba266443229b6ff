import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog

from tests.integration.acceptance.whole_network import WholeNetwork, whole_network
from tests.integration.admin.desk import Desk


@pytest.fixture(scope="session", autouse=True)
def quiet() -> Iterator[None]:
    """The network logs where no command's output is read."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeNetwork]:
    async with whole_network(tmp_path_factory.mktemp("admin")) as serving:
        yield serving


@pytest.fixture
def desk(network: WholeNetwork) -> Desk:
    return Desk(network=network)
