"""Servers that tests may ask for: started once a session, when the first test asks, and ended with it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = [
    "tests.support.databases",
    "tests.support.postgres",
    "tests.support.rabbitmq",
    "tests.support.s3",
    "tests.support.softhsm",
]


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Where private servers keep their data. Not pytest's own folder: PostgreSQL's user must get through."""
    directory = Path(tempfile.mkdtemp(prefix="lienthong-test-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
