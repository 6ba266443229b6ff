import pytest

from tests.integration.exchange.receive.conftest import (
    _empty,
    database_url,
    migrated_file,
    migrated_url,
    node,
)

__all__ = ["database_url", "migrated_file", "migrated_url", "node"]  # the same node, on either database


@pytest.fixture
async def postgres_database_url(migrated_url: str) -> str:
    """PostgreSQL, empty: for what cannot happen with one writer at a time."""
    await _empty(migrated_url)
    return migrated_url
