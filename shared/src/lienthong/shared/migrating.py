"""Brings a service's database to its newest form, with Alembic."""

import asyncio
import threading
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection

from lienthong.shared.database import Database

MIGRATION_LOCK: Final = 7_468_610_519
"""Key of PostgreSQL's advisory lock under which one process migrates while others wait."""
_one_migration = threading.Lock()  # Alembic keeps the current migration in a module


def migrate(url: str, script_location: str | Path) -> None:
    """Brings the database to the newest revision. Synchronous: call it in a thread where a loop runs.

    Safe to run in several threads and processes at once: one works, the others wait and find nothing to do.

    Args:
        url: As :class:`~lienthong.shared.database.Database` takes it.
        script_location: The folder of the scripts, or ``package:folder``.
    """
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["url"] = url
    with _one_migration:
        command.upgrade(config, "head")


def run_migrations(metadata: MetaData) -> None:
    """All that a service's ``migrations/env.py`` calls: runs the revisions that are due, in one transaction."""
    asyncio.run(_migrate(context.config.attributes["url"], metadata))


async def _migrate(url: str, metadata: MetaData) -> None:
    database = Database(url)
    try:
        async with database.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(_upgrade, metadata)
    finally:
        await database.close()


def _upgrade(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    context.run_migrations()
