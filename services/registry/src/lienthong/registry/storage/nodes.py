"""Nodes in the database."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.storage.dated_schema import node_versions
from lienthong.registry.storage.schema import nodes
from lienthong.registry.storage.versions import Stamp
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.identifiers import NodeId

_COLUMNS = [nodes.c[name] for name in NodeEntry.model_fields]


async def all_nodes(connection: AsyncConnection) -> list[NodeEntry]:
    """Every node, by id."""
    rows = await connection.execute(select(*_COLUMNS).order_by(nodes.c.id))
    return [NodeEntry.model_validate(dict(row)) for row in rows.mappings()]


async def exists(connection: AsyncConnection, node: NodeId) -> bool:
    """Whether there is such a node."""
    return await connection.scalar(select(nodes.c.id).where(nodes.c.id == node)) is not None


async def store(connection: AsyncConnection, entry: NodeEntry, stamp: Stamp, *, new: bool) -> None:
    """Adds the node, or changes it, and its history."""
    values = {**entry.model_dump(mode="json"), "version": stamp.version}
    if new:
        await connection.execute(nodes.insert().values(values))
    else:
        await connection.execute(nodes.update().where(nodes.c.id == entry.id).values(values))
    since = None if new else stamp.since
    await connection.execute(node_versions.insert().values({**values, "valid_from": since}))
