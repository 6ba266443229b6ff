"""Run by Alembic: the tables of one node are the target."""

from lienthong.exchange.storage import event_schema, log_schema, retention_schema  # noqa: F401 — the same metadata
from lienthong.exchange.storage.schema import metadata
from lienthong.shared.database import run_migrations

run_migrations(metadata)
