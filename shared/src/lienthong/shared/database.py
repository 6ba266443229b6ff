"""One service's database: PostgreSQL in production, SQLite in the embedded start, the same SQL for both.

SQLAlchemy Core, asynchronous. The use case opens and commits its transaction with :meth:`Database.begin`;
storage functions take the connection and never commit.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from threading import Thread
from typing import Any

import aiosqlite
import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import Column, DateTime, Dialect, Executable, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from lienthong.shared.errors import Unavailable

WRITERS = 8
"""Connections that one process opens at most for transactions."""
READERS = 4
"""Connections that one process opens at most for reading."""
BUSY_TIMEOUT_S = 30
"""How long SQLite waits for another process's transaction."""
CONNECT_TIMEOUT_S = 5

_anything: TypeAdapter[object] = TypeAdapter(object)
_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_PASSING_SQLSTATES = ("08", "40", "53", "57P")
"""Connection, rollback by the server, resources, operator. Source: PostgreSQL appendix A, classes."""
_BROKEN_WHILE_CONNECTING = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg says of a connection that broke while it was made ready."""
_PASSING_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, is full, or broke the transaction off. The fate of a commit is unknown."""

    code = "database-unavailable"
    title = "The database is away"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, to the microsecond, on both databases. A naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value for the driver: SQLite has no zones, so it gets UTC without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The value for us, always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Connections of one process to one database. Opening is lazy: building one touches nothing.

    Args:
        url: ``postgresql://…`` or ``sqlite:///file``. SQLite in memory is not supported: readers and writers
            have connections of their own.
    """

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._opened: list[aiosqlite.Connection] = []
        self.engine = _engine(self.url, read_only=False, opened=self._opened)
        self._reading = _engine(self.url, read_only=True, opened=self._opened)
        self._one_writer = asyncio.Lock() if self.url.get_backend_name() == "sqlite" else None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises:
            DatabaseUnavailable: The database is away, or broke the transaction off.
        """
        async with AsyncExitStack() as held:
            if self._one_writer is not None:  # queueing here is fair and does not poll; SQLite's own waiting is neither
                await held.enter_async_context(self._one_writer)
            async with _connected(self.engine) as connection, connection.begin():
                yield connection

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection that can only read; each statement sees what was committed before it began.

        Raises:
            DatabaseUnavailable: The database is away.
        """
        return _connected(self._reading)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that can only read; all its statements see what was committed before the first of them.

        Nobody waits for it, on either database. Keep it short: what is deleted meanwhile cannot be cleaned up.

        Raises:
            DatabaseUnavailable: The database is away.
        """
        async with self.read() as connection:
            if self._one_writer is not None:
                await connection.exec_driver_sql("BEGIN")
                try:
                    yield connection
                finally:
                    await connection.exec_driver_sql("ROLLBACK")
                return
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                yield connection

    async def ready(self) -> bool:
        """Whether the database answers now."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S), self.read() as connection:
                await connection.execute(text("select 1"))
        except (DatabaseUnavailable, DBAPIError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Closes every connection. SQLite's threads end before the loop does, to which they answer."""
        await self.engine.dispose()
        await self._reading.dispose()
        for connection in self._opened:
            await connection.close()  # one that was given up while it was made, which no pool knows
            await asyncio.to_thread(_thread_of(connection).join, BUSY_TIMEOUT_S)
        self._opened.clear()


def insert_or_ignore(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that skips rows whose key is there already; with ``returning`` it tells which were new."""
    return _insert_or_ignore(connection.dialect.name, table)


def insert_new(connection: AsyncConnection, table: Table, returned: Column[Any]) -> Executable:
    """The same, complete: gives ``returned`` of the rows that were new."""
    return _insert_new(connection.dialect.name, table, returned)


@cache
def _insert_or_ignore(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Kept, since building a statement costs more than running it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()


@cache
def _insert_new(dialect: str, table: Table, returned: Column[Any]) -> Executable:
    return _insert_or_ignore(dialect, table).returning(returned)


def database_url(url: str | URL) -> URL:
    """``url`` with the asynchronous driver of its database, whatever driver it named or left out."""
    parsed = make_url(url)
    return parsed.set(drivername=_DRIVERS[parsed.get_backend_name()])


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as held:
        try:
            connection = await held.enter_async_context(engine.connect())
        except (OSError, PoolTimeout, *_BROKEN_WHILE_CONNECTING) as error:
            raise DatabaseUnavailable("The database cannot be reached; try again.") from error
        except DBAPIError as error:
            if isinstance(error.orig and error.orig.__cause__, _BROKEN_WHILE_CONNECTING):
                raise DatabaseUnavailable("The database cannot be reached; try again.") from error
            _raise_passing(error)
            raise
        try:
            yield connection
        except DBAPIError as error:
            _raise_passing(error)
            raise


def _raise_passing(error: DBAPIError) -> None:
    """Raises our error when trying again may help; returns when ``error`` is a defect or the caller's to read."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        passing = (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _PASSING_SQLITE  # the low byte is the class
    else:
        passing = str(getattr(cause, "sqlstate", "") or "").startswith(_PASSING_SQLSTATES)
    if passing or error.connection_invalidated:
        raise DatabaseUnavailable("The database broke off; try again.") from error


def _engine(url: URL, *, read_only: bool, opened: list[aiosqlite.Connection]) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, read_only=read_only, opened=opened)
    settings = {"timezone": "UTC", "jit": "off"}
    if read_only:
        settings["default_transaction_read_only"] = "on"
    engine = create_async_engine(
        url,
        pool_size=READERS if read_only else WRITERS,
        max_overflow=0,
        json_serializer=_json,
        connect_args={"server_settings": settings, "timeout": CONNECT_TIMEOUT_S},
    )
    return engine.execution_options(isolation_level="AUTOCOMMIT") if read_only else engine


def _json(value: object) -> str:
    """For JSON columns: several times quicker than the standard library."""
    return _anything.dump_json(value).decode()


def _sqlite_engine(url: URL, *, read_only: bool, opened: list[aiosqlite.Connection]) -> AsyncEngine:
    def connect() -> aiosqlite.Connection:
        """It is known before it works: who is cancelled while connecting leaves it behind."""
        connection = aiosqlite.connect(url.database or "", isolation_level=None, timeout=BUSY_TIMEOUT_S)
        _thread_of(connection).daemon = True
        opened.append(connection)
        return connection

    engine = create_async_engine(
        url,
        pool_size=READERS if read_only else 1,
        max_overflow=0,
        json_serializer=_json,
        async_creator=connect,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if not read_only:  # a transaction that reads first and then writes must not meet another writer in between
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _thread_of(connection: aiosqlite.Connection) -> Thread:
    return connection._thread  # noqa: SLF001 - the library offers no way to wait for it
