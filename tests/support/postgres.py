"""PostgreSQL for tests: one private server a session, one fresh database a test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.servers import PrivatePostgres, create_database


@pytest.fixture(scope="session")
def postgres_server_url(server_directory: Path) -> Iterator[str]:
    """A server's URL, which may create databases; LIENTHONG_TEST_POSTGRES_URL overrides."""
    if given := os.environ.get("LIENTHONG_TEST_POSTGRES_URL"):
        yield given
        return
    with PrivatePostgres(server_directory / "postgres") as server:
        yield server.url()


@pytest.fixture
def postgres_url(postgres_server_url: str) -> str:
    """An empty database."""
    return create_database(postgres_server_url, f"test_{uuid.uuid4().hex}")
