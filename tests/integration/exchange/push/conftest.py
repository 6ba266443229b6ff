import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.exchange.push.receivers import LOOPBACK
from tests.integration.exchange.receive.conftest import (
    _empty,
    database_url,
    migrated_file,
    migrated_url,
    node,
)
from tests.integration.exchange.receive.receiving_node import ReceivingNode, _app, receiving_node

__all__ = ["database_url", "migrated_file", "migrated_url", "node"]  # the same node, on either database


@pytest.fixture
async def postgres_database_url(migrated_url: str) -> str:
    """PostgreSQL, empty: for what cannot happen with one writer at a time."""
    await _empty(migrated_url)
    return migrated_url


@pytest.fixture
async def hooked(database_url: str, tmp_path: Path) -> AsyncIterator[ReceivingNode]:
    """A node whose operator lets webhooks point to this machine."""
    async with receiving_node(tmp_path, database_url) as opened:
        settings = opened.factory.settings.model_copy(update={"webhook_networks": LOOPBACK})
        factory = dataclasses.replace(opened.factory, settings=settings)
        yield dataclasses.replace(opened, factory=factory, app=_app(factory))
