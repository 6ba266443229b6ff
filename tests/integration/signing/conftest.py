"""The signing service on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.signing.harness import Service, running, settings_for


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with running(settings_for(tmp_path / "state", database_url)) as running_service:
        yield running_service


@pytest.fixture
async def lite(tmp_path: Path) -> AsyncIterator[Service]:
    """On SQLite only: for rules that have nothing to do with the database."""
    url = f"sqlite+aiosqlite:///{tmp_path}/signing.sqlite"
    async with running(settings_for(tmp_path / "state", url)) as running_service:
        yield running_service
