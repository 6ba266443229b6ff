from tests.integration.exchange.receive.conftest import (  # noqa: F401 — fixtures
    database_url,
    migrated_file,
    migrated_url,
    node,
)
