"""A registry that has run since before its map could change keeps what it holds, as the first version of each."""

import asyncio
import uuid
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from deploy.servers import create_database
from lienthong.registry.config import MIGRATIONS
from lienthong.shared.database import Database
from lienthong.shared.migrating import migrate

HELD = (
    "insert into nodes values ('H28', null, 'Hòa Bình', 'province', 'b', 'https://h28.example.vn', 1)",
    (
        "insert into agencies (code, old_code, name, name_search, parent, level, node, email, version) values "
        "('H28', '000.00.00.H28', 'Hòa Bình', 'hoa binh', null, 'province', 'H28', '', 2), "
        "('H28.31', null, 'Mai Châu', 'mai chau', 'H28', 'district', null, '', 2)"
    ),
    "insert into delegations values ('H28.31', 'H28', '2025-01-02 03:04:05')",
    (
        "insert into clients (client_id, agency, name, scopes, active, created_at) values "
        "('e-office.H28', 'H28', 'e-office', '[\"inbox\"]', true, '2025-01-02 03:04:05')"
    ),
)


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database as the first revision made it, with content."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/registry.sqlite"
    else:
        url = create_database(request.getfixturevalue("postgres_server_url"), f"old_{uuid.uuid4().hex}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "0001")
    asyncio.run(_run(url, HELD))
    return url


async def _run(url: str, statements: tuple[str, ...]) -> list[list[object]]:
    """The first columns that each statement gives."""
    database = Database(url)
    given = []
    try:
        async with database.begin() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
                given.append([row[0] for row in result] if result.returns_rows else [])
    finally:
        await database.close()
    return given


def test_what_is_held_becomes_the_first_version(old_url: str) -> None:
    migrate(old_url, MIGRATIONS)

    found = asyncio.run(
        _run(
            old_url,
            (
                "select code from agency_versions where valid_from is null and not closed order by code",
                "select id from node_versions",
                "select principal from delegation_versions where active",
                "select client_id from client_versions where active",
            ),
        )
    )

    assert found == [["H28", "H28.31"], ["H28"], ["H28.31"], ["e-office.H28"]]
