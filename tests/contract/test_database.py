"""What the database gives on PostgreSQL and on SQLite alike."""

import asyncio
import contextlib
import gc
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from lienthong.shared.database import Database, DatabaseUnavailable, UtcDateTime, insert_or_ignore
from lienthong.shared.migrating import migrate
from tests.support.databases import opened

metadata = MetaData()
letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", String(50), nullable=False),
    Column("at", UtcDateTime),
)
MOMENT = datetime(2025, 7, 1, 7, 0, 0, 123456, tzinfo=timezone(timedelta(hours=7)))


@pytest.fixture
async def letters_database(database: Database) -> Database:
    async with database.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return database


async def _count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(letters))).scalar_one()


async def test_time_comes_back_aware_in_utc_to_the_microsecond(letters_database: Database) -> None:
    async with letters_database.begin() as connection:
        await connection.execute(letters.insert().values(id=1, subject="a", at=MOMENT))

    async with letters_database.read() as connection:
        at = (await connection.execute(select(letters.c.at))).scalar_one()

    assert at == MOMENT
    assert at.utcoffset() == timedelta(0)


async def test_times_compare_in_the_database_as_they_do_here(letters_database: Database) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    moments = [at, at + timedelta(microseconds=1), at + timedelta(seconds=1)]
    async with letters_database.begin() as connection:
        rows = [{"id": index, "subject": "a", "at": moment} for index, moment in enumerate(moments)]
        await connection.execute(letters.insert(), rows)

    async with letters_database.read() as connection:
        later = await connection.execute(select(letters.c.id).where(letters.c.at > at).order_by(letters.c.at))

    assert later.scalars().all() == [1, 2]


async def test_time_without_a_zone_is_refused(letters_database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with letters_database.begin() as connection:
            await connection.execute(letters.insert().values(id=1, subject="a", at=datetime(2025, 1, 1)))  # noqa: DTZ001


async def test_transaction_that_raises_leaves_nothing(letters_database: Database) -> None:
    async def fail() -> None:
        async with letters_database.begin() as connection:
            await connection.execute(letters.insert().values(id=1, subject="a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await _count(letters_database) == 0


async def test_reading_connection_cannot_write(letters_database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with letters_database.read() as connection:
            await connection.execute(letters.insert().values(id=1, subject="a"))

    assert await _count(letters_database) == 0


async def test_insert_or_ignore_tells_which_rows_were_new(letters_database: Database) -> None:
    async with letters_database.begin() as connection:
        await connection.execute(letters.insert().values(id=1, subject="first"))
        statement = insert_or_ignore(connection, letters).returning(letters.c.id)
        new = await connection.execute(statement.values([{"id": 1, "subject": "x"}, {"id": 2, "subject": "x"}]))

    assert new.scalars().all() == [2]


async def test_broken_constraint_is_the_callers_to_read(letters_database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with letters_database.begin() as connection:
            await connection.execute(letters.insert().values(id=1))


async def test_simultaneous_read_and_write_transactions_lose_no_update(letters_database: Database) -> None:
    async with letters_database.begin() as connection:
        await connection.execute(letters.insert().values(id=1, subject="0"))

    async def count_up() -> None:
        async with letters_database.begin() as connection:
            row = select(letters.c.subject).where(letters.c.id == 1).with_for_update()
            value = int((await connection.execute(row)).scalar_one())
            await connection.execute(letters.update().values(subject=str(value + 1)))

    await asyncio.gather(*(count_up() for _ in range(20)))

    async with letters_database.read() as connection:
        assert (await connection.execute(select(letters.c.subject))).scalar_one() == "20"


async def test_two_processes_write_at_once_without_an_error(database_url: str, letters_database: Database) -> None:
    async def write(database: Database, start: int) -> None:
        for id_ in range(start, start + 10):
            async with database.begin() as connection:
                await connection.execute(letters.insert().values(id=id_, subject="a"))

    async with opened(database_url) as other_process:
        await asyncio.gather(write(letters_database, 0), write(other_process, 100))

    assert await _count(letters_database) == 20


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.sqlite"])
async def test_database_that_is_away_is_unavailable(url: str) -> None:
    async with opened(url) as database:
        assert not await database.ready()
        with pytest.raises(DatabaseUnavailable):
            async with database.begin():
                pass


async def test_connection_cut_by_the_server_is_unavailable_and_the_next_one_works(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(DatabaseUnavailable):
            async with database.begin() as connection:
                await connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))

        assert await database.ready()
        async with database.begin() as connection:
            await connection.execute(text("select 1"))


SCRIPT = """
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "{revision}", {down}, None, None

def upgrade():
    {step}
"""


def _write_scripts(folder: Path) -> None:
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(
        "from sqlalchemy import MetaData\nfrom lienthong.shared.migrating import run_migrations\n"
        "run_migrations(MetaData())\n"
    )
    make = 'op.create_table("offices", sa.Column("code", sa.String(35), primary_key=True))'
    widen = 'op.add_column("offices", sa.Column("name", sa.Text))'
    for revision, down, step in [("0001", None, make), ("0002", "0001", widen)]:
        script = SCRIPT.format(revision=revision, down=repr(down), step=step)
        (folder / "versions" / f"{revision}.py").write_text(script)


async def test_simultaneous_migrations_run_each_revision_once(database_url: str, tmp_path: Path) -> None:
    _write_scripts(tmp_path / "migrations")

    here = [asyncio.to_thread(migrate, database_url, tmp_path / "migrations") for _ in range(2)]
    elsewhere = [_migrate_in_another_process(database_url, tmp_path / "migrations") for _ in range(2)]
    await asyncio.gather(*here, *elsewhere)

    async with opened(database_url) as database, database.read() as connection:
        names = await connection.run_sync(lambda sync: [c["name"] for c in inspect(sync).get_columns("offices")])
    assert names == ["code", "name"]


async def test_migration_that_fails_leaves_the_database_as_it_was(database_url: str, tmp_path: Path) -> None:
    _write_scripts(tmp_path / "migrations")
    broken = SCRIPT.format(revision="0003", down="'0002'", step="raise RuntimeError('power cut')")
    (tmp_path / "migrations" / "versions" / "0003.py").write_text(broken)

    with pytest.raises(RuntimeError, match="power cut"):
        await asyncio.to_thread(migrate, database_url, tmp_path / "migrations")

    async with opened(database_url) as database, database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []


async def _migrate_in_another_process(url: str, scripts: Path) -> None:
    program = "import sys; from lienthong.shared.migrating import migrate; migrate(*sys.argv[1:])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, str(scripts))
    assert await process.wait() == 0


async def test_thread_of_a_connection_that_was_given_up_ends_before_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def on_a_slow_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        time.sleep(0.3)
        return connect(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", on_a_slow_disk)
    before, database = set(threading.enumerate()), Database(f"sqlite:///{tmp_path / 'letters.db'}")

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1), database.read():
            pass
    await database.close()

    left = [one for one in set(threading.enumerate()) - before if "connection_worker" in one.name]
    assert left == []


async def test_a_snapshot_sees_what_was_there_when_it_began_holds_nobody_up_and_cannot_write(
    letters_database: Database,
) -> None:
    count = select(func.count()).select_from(letters)

    async with letters_database.snapshot() as snapshot:
        before = await snapshot.scalar(count)
        async with letters_database.begin() as connection, asyncio.timeout(5):
            await connection.execute(letters.insert().values(id=1, subject="a"))
        during = await snapshot.scalar(count)
        with pytest.raises(DBAPIError):
            await snapshot.execute(letters.insert().values(id=2, subject="b"))

    assert (before, during, await _count(letters_database)) == (0, 0, 1)


async def test_connections_that_were_a_snapshot_read_anew_afterwards(letters_database: Database) -> None:
    async with letters_database.snapshot() as snapshot:
        await snapshot.scalar(select(func.count()).select_from(letters))

    async with letters_database.read() as connection:
        seen = [await connection.scalar(select(func.count()).select_from(letters))]
        async with letters_database.begin() as other:
            await other.execute(letters.insert().values(id=1, subject="a"))
        seen.append(await connection.scalar(select(func.count()).select_from(letters)))

    assert seen == [0, 1]


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("connection is closed"), asyncpg.InternalClientError("11")])
@pytest.mark.parametrize("is_translated", [True, False])
async def test_a_connection_that_breaks_while_it_is_made_ready_is_passing(
    error: Exception, is_translated: bool, postgres_server_url: str
) -> None:
    database = Database(postgres_server_url)

    @event.listens_for(database._reading.sync_engine, "connect")
    def breaks(connection: Any, _: object) -> None:
        if is_translated:
            raise connection.dbapi.InterfaceError(str(error)) from error
        raise error

    with pytest.raises(DatabaseUnavailable):
        async with database.read():
            pass
    await database.close()


class SlowToPrepare(sqlite3.Connection):
    """A connection that is there at once, and takes its time over its first statements."""

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        time.sleep(0.2)
        return super().cursor(*arguments, **options)


async def test_connection_that_was_given_up_while_it_was_prepared_is_closed_with_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **options: connect(*given, factory=SlowToPrepare, **options))
    before, database = set(threading.enumerate()), Database(f"sqlite:///{tmp_path / 'letters.db'}")

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1), database.read():
            raise AssertionError("it was to be given up")
    gc.collect()  # whoever drops an open connection is warned here, and a warning fails the test
    await database.close()
    gc.collect()

    left = [one for one in set(threading.enumerate()) - before if "connection_worker" in one.name]
    assert left == []
