"""Run by Alembic: the tables of one node are the target."""

from lienthong.exchange.storage import (  # noqa: F401 — tables of the same metadata
    amendment_schema,
    event_schema,
    log_schema,
    operations_schema,
    retention_schema,
    upload_schema,
    webhook_schema,
)
from lienthong.exchange.storage.schema import metadata
from lienthong.shared.migrating import run_migrations

run_migrations(metadata)
