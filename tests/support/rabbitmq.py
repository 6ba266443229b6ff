"""RabbitMQ for tests: one private node a session; tests keep apart by the names of their nodes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.servers import PrivateRabbitMQ


@pytest.fixture(scope="session")
def rabbitmq_url(server_directory: Path) -> Iterator[str]:
    """A broker's URL, whose user may declare; LIENTHONG_TEST_RABBITMQ_URL overrides."""
    if given := os.environ.get("LIENTHONG_TEST_RABBITMQ_URL"):
        yield given
        return
    server = PrivateRabbitMQ(server_directory / "rabbitmq")
    try:
        server.start()
        yield server.url()
    finally:
        server.kill()  # its data go with the session: an orderly end would only take longer
