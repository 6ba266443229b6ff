"""Run by Alembic: the tables of one node are the target."""

from lienthong.exchange.storage import log_schema  # noqa: F401 — its tables belong to the same metadata
from lienthong.exchange.storage.schema import metadata
from lienthong.shared.database import run_migrations

run_migrations(metadata)
