"""Run by Alembic: the registry's tables are the target."""

from lienthong.registry.storage import system_schema  # noqa: F401 — its tables join the metadata
from lienthong.registry.storage.schema import metadata
from lienthong.shared.migrating import run_migrations

run_migrations(metadata)
