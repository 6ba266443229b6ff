"""Alembic runs this file; the database is the caller's."""

from lienthong.shared.migrating import run_migrations
from lienthong.signing.storage.schema import metadata

run_migrations(metadata)
