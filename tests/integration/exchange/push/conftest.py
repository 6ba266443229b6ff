from tests.integration.exchange.receive.conftest import (  # noqa: F401 — the same node, on either database
    database_url,
    migrated_file,
    migrated_url,
    node,
)
