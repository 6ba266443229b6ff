"""Alembic runs this file; the database is the caller's."""

from lienthong.shared.database import run_migrations
from lienthong.signing.storage.schema import metadata

run_migrations(metadata)
