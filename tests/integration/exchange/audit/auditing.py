"""Auditing a node, and meddling with what it has in a way that can be undone."""

import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, and_
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.usecases.audit_node import START, Position, audit_node
from tests.integration.exchange.carry.tree import Node

Found = Mapping[tuple[str, str], int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Audited:
    checked: Counter[str]
    found: Counter[tuple[str, str]]
    """Checks and severities."""
    batches: int


async def audited(node: Node, *, after: timedelta = timedelta(), deep: bool = False) -> Audited:
    """A whole audit, ``after`` from now."""
    then = node.factory.clock() + after
    process = dataclasses.replace(node.factory, clock=lambda: then)
    checked: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    position: Position | None = START
    batches = 0
    while position is not None:
        batch = await audit_node(position, process, deep=deep)
        checked.update(batch.checked)
        found.update((one.check.value, one.severity.value) for one in batch.findings)
        position, batches = batch.following, batches + 1
    return Audited(checked=checked, found=found, batches=batches)


async def _unlocked(connection: AsyncConnection, table: Table) -> None:
    """Whoever owns the database can get past the triggers that keep evidence as it is."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    for change in ("update", "delete"):
        await connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table.name}_no_{change}")


@asynccontextmanager
async def lost(node: Node, table: Table, where: ColumnElement[bool]) -> AsyncIterator[None]:
    """Those rows are gone inside."""
    async with node.factory.database.begin() as connection:
        rows = [dict(row) for row in (await connection.execute(table.select().where(where))).mappings()]
        await _unlocked(connection, table)
        await connection.execute(table.delete().where(where))
    assert rows
    yield
    async with node.factory.database.begin() as connection:
        await connection.execute(table.insert(), rows)


@asynccontextmanager
async def changed(node: Node, table: Table, where: ColumnElement[bool], **values: Any) -> AsyncIterator[None]:
    """Those rows say something else inside."""
    async with node.factory.database.begin() as connection:
        rows = [dict(row) for row in (await connection.execute(table.select().where(where))).mappings()]
        await _unlocked(connection, table)
        await connection.execute(table.update().where(where).values(**values))
    assert rows
    yield
    async with node.factory.database.begin() as connection:
        await _unlocked(connection, table)
        for row in rows:
            key = and_(*(column == row[column.name] for column in table.primary_key.columns))
            await connection.execute(table.update().where(key).values(**{name: row[name] for name in values}))


@asynccontextmanager
async def added(node: Node, table: Table, row: Mapping[str, Any]) -> AsyncIterator[None]:
    """There is one row more inside."""
    async with node.factory.database.begin() as connection:
        await connection.execute(table.insert().values(**row))
    yield
    async with node.factory.database.begin() as connection:
        await connection.execute(table.delete().where(table.c.id == row["id"]))


@asynccontextmanager
async def overwritten(path: Path, content: bytes | None) -> AsyncIterator[None]:
    """The file has that content inside, or is not there."""
    before = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    yield
    path.write_bytes(before)
