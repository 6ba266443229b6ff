"""What waited to be sent before rows named their documents keeps its package too."""

import asyncio
import base64
import json

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from lienthong.exchange.config import MIGRATIONS
from lienthong.shared.database import Database

BEFORE, AFTER = "0004", "0005"
INSERT = text(
    "INSERT INTO outbox (id, destination, envelope, priority, created_at, headers)"
    " VALUES (:id, 'H28', :envelope, 0, CURRENT_TIMESTAMP, '{}')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind, not migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'old.db'}"
    return str(request.getfixturevalue("postgres_url"))


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def _envelope(kind: str, document: str) -> str:
    claims = json.dumps({"kind": kind, "document": {"id": document}}).encode()
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", claims, b"s"))


async def test_rows_of_before_are_told_which_document_they_carry(database_url: str) -> None:
    await asyncio.to_thread(command.upgrade, _config(database_url), BEFORE)
    rows = [
        {"id": f"m-{number:04}", "envelope": _envelope("evidence" if number % 7 == 0 else "document", f"d-{number}")}
        for number in range(1, 600)
    ]
    database = Database(database_url)
    async with database.begin() as connection:
        await connection.execute(INSERT, rows)

    await asyncio.to_thread(command.upgrade, _config(database_url), AFTER)

    async with database.read() as connection:
        found = {
            row.id: row.document_id for row in await connection.execute(text("SELECT id, document_id FROM outbox"))
        }
    await database.close()
    expected = {f"m-{n:04}": None if n % 7 == 0 else f"d-{n}" for n in range(1, 600)}
    assert found == expected
