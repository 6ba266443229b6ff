from tests.integration.exchange.receive.conftest import database_url, migrated_file, migrated_url  # noqa: F401 — fixtures
