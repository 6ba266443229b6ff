"""A database of before keeps its remote keys, up and down."""

import asyncio
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from lienthong.shared.database import Database
from lienthong.signing.factory import MIGRATIONS

BEFORE = "0002"
ROWS = (
    "INSERT INTO authorities (name, number, serial, created_at) VALUES ('issuing-1', 1, 'a', CURRENT_TIMESTAMP)",
    """
    INSERT INTO certificates (serial, issuer, profile, subject, pem, not_before, not_after, issued_at, issued_by)
    VALUES ('a', 'issuing-1', 'agency-seal', 'CN=x', 'x', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 'x')
    """,
    "INSERT INTO remote_keys (agency, serial, node, created_at) VALUES ('H28', 'a', 'H28.31', CURRENT_TIMESTAMP)",
)


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["url"] = url
    return made


async def run(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """The rows of the last statement, if it gives any."""
    database = Database(url)
    try:
        async with database.begin() as connection:
            for statement in statements:
                answer = await connection.execute(text(statement))
            return [tuple(row) for row in answer] if answer.returns_rows else []
    finally:
        await database.close()


async def test_remote_keys_survive_the_way_up_and_down(database_url: str) -> None:
    await asyncio.to_thread(command.upgrade, config(database_url), BEFORE)
    await run(database_url, *ROWS)

    await asyncio.to_thread(command.upgrade, config(database_url), "head")
    up = await run(database_url, "SELECT agency, officer, serial, node FROM remote_keys")
    await asyncio.to_thread(command.downgrade, config(database_url), BEFORE)
    down = await run(database_url, "SELECT agency, serial, node FROM remote_keys")

    assert up == [("H28", "", "a", "H28.31")]
    assert down == [("H28", "a", "H28.31")]
