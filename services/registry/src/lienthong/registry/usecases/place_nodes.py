"""Puts nodes into the tree."""

from collections.abc import Sequence
from datetime import datetime

from lienthong.registry.domain.nodes import check_tree
from lienthong.registry.storage import nodes, versions
from lienthong.registry.storage.versions import Change
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.database import Database
from lienthong.shared.identifiers import NodeId


async def put_nodes(database: Database, entries: Sequence[NodeEntry], *, by: str, now: datetime) -> set[NodeId]:
    """Adds nodes, or overwrites them, all or none. Parents before their children. Returns those that are new.

    Args:
        database: The registry's.
        entries: All of each node.
        by: Who does it, for the list of changes.
        now: The present, aware.

    Raises:
        NodeTreeInvalid: The nodes would not form a tree.
    """
    async with database.begin() as connection:
        stamp = await versions.begin_change(connection, now)
        held = {node.id: node for node in await nodes.all_nodes(connection)}
        changing = [entry for entry in entries if held.get(entry.id) != entry]
        check_tree({**held, **{entry.id: entry for entry in entries}}.values())
        for entry in changing:
            await nodes.store(connection, entry, stamp, new=entry.id not in held)
        if changing:
            summary = f"nodes {', '.join(entry.id for entry in changing[:10])} placed"
            await versions.record(connection, stamp.version, Change(by=by, now=now, summary=summary))
    return {entry.id for entry in entries if entry.id not in held}
