"""Reads the directory: agencies by code or words, nodes, routes, and all agencies as CSV."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from lienthong.registry.domain.agency_csv import write_csv
from lienthong.registry.storage import agencies, delegations, nodes
from lienthong.registry.storage.agencies import AgencyQuery
from lienthong.shared.contracts.directory import AgencyEntry, DelegationEntry, DirectorySnapshot, NodeEntry
from lienthong.shared.database import Database
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import AgencyCode, NodeId

_ANY_TIME = datetime(2025, 7, 1, tzinfo=UTC)
_EXPORT_PAGE = 1_000


async def search_agencies(database: Database, query: AgencyQuery) -> list[AgencyEntry]:
    """One page of agencies, by code."""
    async with database.read() as connection:
        return await agencies.search(connection, query)


async def get_node(database: Database, node: NodeId) -> NodeEntry:
    """The node with that id. Raises :class:`~lienthong.shared.directory.NodeUnknown`."""
    return _map_of(await list_nodes(database)).node(node)


async def list_nodes(database: Database) -> list[NodeEntry]:
    """Every node, by id."""
    async with database.read() as connection:
        return await nodes.all_nodes(connection)


async def find_route(database: Database, origin: NodeId, destination: NodeId) -> list[NodeEntry]:
    """The nodes passed, both ends included. Raises :class:`~lienthong.shared.directory.NodeUnknown`."""
    nodes_map = _map_of(await list_nodes(database))
    return [nodes_map.node(hop) for hop in nodes_map.route(origin, destination)]


async def list_delegations(database: Database, agency: AgencyCode | None) -> list[DelegationEntry]:
    """Every delegation, or those that ``agency`` gave or holds."""
    async with database.read() as connection:
        return await delegations.all_delegations(connection, agency)


async def export_csv(database: Database) -> AsyncIterator[bytes]:
    """All agencies as CSV, in pieces; no connection is held while the caller sends one."""
    page: list[AgencyEntry] = []
    heading, after = True, ""
    while heading or page:
        page = await search_agencies(database, AgencyQuery(limit=_EXPORT_PAGE, after=after))
        yield write_csv(page, heading=heading)
        heading, after = False, page[-1].code if page else ""


def _map_of(entries: Sequence[NodeEntry]) -> Directory:
    snapshot = DirectorySnapshot(
        version=0, issued_at=_ANY_TIME, expires_at=_ANY_TIME, nodes=tuple(entries), agencies=()
    )
    return Directory(snapshot)
