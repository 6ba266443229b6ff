"""A whole network as processes: registry, signing, four nodes; over private PostgreSQL and RabbitMQ."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.network import Network
from tests.system.office import AGENCIES, Office


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """One network for the system tests of a session; each test leaves it healthy and its inboxes empty.

    Not below pytest's own folder: every start of pytest closes that to other users, and PostgreSQL runs as one.
    """
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder, Network(Path(folder)) as running:
        yield running


@pytest.fixture
async def offices(network: Network) -> AsyncIterator[dict[str, Office]]:
    """The e-office system of each agency, by agency code."""
    async with AsyncExitStack() as stack:
        found = {code: Office(code, await stack.enter_async_context(network.client(code))) for code in AGENCIES}
        yield found
        await asyncio.gather(*(office.take_until_quiet() for office in found.values()))
