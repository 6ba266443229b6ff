"""The directory as a node holds it: a verified snapshot, with look-ups that cost the same for 10 or 100,000 agencies.

Pure: bytes and a time in, trusted objects or an error out. Fetching and keeping is the caller's.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from lienthong.shared.contracts.agency_table import Table, agency_table, closed_table
from lienthong.shared.contracts.directory import (
    DIRECTORY_TYPE,
    AgencyEntry,
    ClosedAgency,
    DirectorySnapshot,
    NodeEntry,
    SuccessionRule,
)
from lienthong.shared.errors import NotFound, Verification
from lienthong.shared.identifiers import AgencyCode, NodeId, new_form_of
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import MAX_SNAPSHOT_BYTES, open_seal
from lienthong.shared.signatures.trust import TrustStore

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead the publisher's clock may be before its snapshot counts as one from the future."""

MAX_CONTENT_BYTES = 96 * 1024 * 1024
"""Of a snapshot that was unpacked: some four times the nation's after July 2025, with its closed agencies."""
_COMPRESSION = 1
"""zlib's quickest: the nation's JSON shrinks to a fifth in a tenth of a second."""
MAX_SUCCESSIONS = 64
"""Steps from a closed agency to the one at work now, where successors were closed in their turn."""


class NodeUnknown(NotFound):
    """No node has that id in the directory, or the tree offers no way to it."""

    code = "node-unknown"
    title = "The directory has no such node"


class DirectoryInvalid(Verification):
    """A sealed directory says something that cannot be true."""

    code = "directory-invalid"
    title = "The directory snapshot is not valid"


class DirectoryRolledBack(Verification):
    """The snapshot is older than the one already held. Somebody replays it, or a mirror is behind."""

    code = "directory-rolled-back"
    title = "The directory snapshot is older than the one held"


def open_snapshot(jws: str, *, trust: TrustStore, now: datetime, held_version: int | None = None) -> DirectorySnapshot:
    """The snapshot inside a sealed directory, or why it must not be used.

    An expired snapshot is returned: a node goes on with the map it has (see :meth:`Directory.is_stale`).

    Args:
        jws: Compact JWS of type ``DIRECTORY_TYPE``.
        trust: Roots and revocation lists held locally.
        now: The time to judge at, aware.
        held_version: Version already held; None when there is none.

    Raises:
        SealInvalid: Step 1.
        DirectoryInvalid: Steps 2, 3 and 5.
        DirectoryRolledBack: Step 4.
    """
    # 1. Sealed, by a certificate whose chain is trusted and whose profile is the directory's.
    opened = open_seal(
        jws, typ=DIRECTORY_TYPE, trust=trust, at=now, profile=Profile.DIRECTORY, limit_bytes=MAX_SNAPSHOT_BYTES
    )
    # 2. A snapshot by its form.
    try:
        snapshot = DirectorySnapshot.model_validate_json(_unpacked(opened.payload))
    except (ValidationError, zlib.error) as error:
        raise DirectoryInvalid("The seal is good, but its payload is not a directory snapshot.") from error
    # 3. Not from the future, and not expired before it was issued.
    if snapshot.issued_at > now + CLOCK_SKEW:
        raise DirectoryInvalid("The directory snapshot was issued in the future; compare the clocks.")
    if snapshot.expires_at <= snapshot.issued_at:
        raise DirectoryInvalid("The directory snapshot expires before it is issued.")
    # 4. Not older than what is held.
    if held_version is not None and snapshot.version < held_version:
        raise DirectoryRolledBack(
            f"The snapshot has version {snapshot.version}; version {held_version} is held already.",
            facts={"version": snapshot.version, "held_version": held_version},
        )
    # 5. The nodes form a tree, or several.
    paths_from_root(snapshot.nodes)
    return snapshot


def packed(snapshot: DirectorySnapshot) -> bytes:
    """What is sealed of a snapshot: its JSON, in zlib's format. Source: RFC 1950."""
    return zlib.compress(snapshot.model_dump_json().encode(), _COMPRESSION)


def _unpacked(payload: bytes) -> bytes:
    """The JSON of a snapshot; that of an earlier registry is not compressed. Raises :class:`DirectoryInvalid`."""
    if payload.startswith(b"{"):
        return payload
    inflating = zlib.decompressobj()
    content = inflating.decompress(payload, MAX_CONTENT_BYTES)
    if not inflating.eof:
        raise DirectoryInvalid("The directory snapshot is larger than can be, or is cut off.")
    return content


def paths_from_root(nodes: Iterable[NodeEntry]) -> dict[NodeId, tuple[NodeId, ...]]:
    """For each node the way from its root down to itself, both included.

    Raises:
        DirectoryInvalid: A parent does not exist, or the parents form a circle.
    """
    parents = {node.id: node.parent for node in nodes}
    paths: dict[NodeId, tuple[NodeId, ...]] = {}
    for start in parents:
        climbed: list[NodeId] = []
        here: NodeId | None = start
        while here is not None and here not in paths:
            if here not in parents:
                raise DirectoryInvalid(f"Node {climbed[-1]} has the parent {here}, which does not exist.")
            if here in climbed:
                raise DirectoryInvalid(f"The parents of node {here} lead back to it.")
            climbed.append(here)
            here = parents[here]
        above = paths[here] if here is not None else ()
        for node in reversed(climbed):
            above = (*above, node)
            paths[node] = above
    return paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who answers for a code. ``named`` is the agency that it stands for, closed or not.

    ``agencies`` are at work now: ``named`` itself, or its successors, those that were closed in their turn followed to
    the end; none when nobody took over. ``shared`` says that each of several gets what is addressed to ``named``.
    """

    named: AgencyEntry
    agencies: tuple[AgencyEntry, ...]

    @property
    def shared(self) -> bool:
        """Whether several answer for it."""
        return len(self.agencies) > 1


class Directory:
    """A frozen view over one snapshot. Building it costs one pass; every look-up is a dictionary access.

    Args:
        snapshot: As :func:`open_snapshot` returned it.

    Raises:
        DirectoryInvalid: The nodes do not form a tree.
    """

    __slots__ = ("_agencies", "_closed", "_delegations", "_nodes", "_paths", "snapshot")

    def __init__(self, snapshot: DirectorySnapshot) -> None:
        self.snapshot = snapshot
        self._agencies = _Found(agency_table(snapshot.agencies))
        self._closed = _Found(closed_table(snapshot.closed))
        self._nodes: dict[NodeId, NodeEntry] = {node.id: node for node in snapshot.nodes}
        self._paths = paths_from_root(snapshot.nodes)
        self._delegations = frozenset((entry.delegate, entry.principal) for entry in snapshot.delegations)

    @property
    def version(self) -> int:
        """The snapshot's version; it only grows."""
        return self.snapshot.version

    def is_stale(self, now: datetime) -> bool:
        """Whether the snapshot has expired. It is still used; what depends on it says so."""
        return now >= self.snapshot.expires_at

    def agency(self, code: str) -> AgencyEntry | None:
        """The agency with that code: its code, else its former code, else the new form of a former code.

        One that is closed comes as a :class:`.ClosedAgency`, served by no node; :meth:`responsible` follows it.
        """
        found = self._agencies.get(code) or self._closed.get(code)
        if found is None and (new_form := new_form_of(code)) is not None:
            return self._agencies.get(new_form) or self._closed.get(new_form)
        return found

    def responsible(self, code: str) -> Responsible | None:
        """Who answers now for what is addressed to ``code``, in either form; None: nobody ever had it.

        Of several successors of one agency the first answers where its act says so, else all do.
        """
        named = self.agency(code)
        if named is None:
            return None
        found: dict[AgencyCode, AgencyEntry] = {}
        self._follow(named, (), found)
        return Responsible(named=named, agencies=tuple(found.values()))

    def _follow(self, agency: AgencyEntry, trail: tuple[AgencyCode, ...], found: dict[AgencyCode, AgencyEntry]) -> None:
        if not isinstance(agency, ClosedAgency):
            found[agency.code] = agency
            return
        if agency.code in trail or len(trail) > MAX_SUCCESSIONS:
            return
        successors = agency.successors[:1] if agency.succession == SuccessionRule.FIRST else agency.successors
        for code in successors:
            if (successor := self.agency(code)) is not None:
                self._follow(successor, (*trail, agency.code), found)

    def node(self, node: NodeId) -> NodeEntry:
        """The node with that id. Raises :class:`NodeUnknown`."""
        entry = self._nodes.get(node)
        if entry is None:
            raise NodeUnknown(f"The directory has no node {node}.", facts={"node": node})
        return entry

    def nodes(self) -> tuple[NodeEntry, ...]:
        """All nodes, in the snapshot's order."""
        return self.snapshot.nodes

    def may_act(self, actor: AgencyCode, principal: AgencyCode) -> bool:
        """Whether ``actor`` may act for ``principal``: it is the same agency, or was delegated directly.

        Either code of an agency will do. A delegation is not passed on to the delegate's own delegates.
        """
        acting, acted_for = self._canonical(actor), self._canonical(principal)
        return acting == acted_for or (acting, acted_for) in self._delegations

    def _canonical(self, code: AgencyCode) -> AgencyCode:
        entry = self.agency(code)
        return entry.code if entry is not None else code

    def next_hop(self, here: NodeId, destination: NodeId) -> NodeId:
        """The node to hand to, at ``here``, so that something reaches ``destination`` (itself when it is there).

        Straight to the destination when both sit on one broker; else to the child whose subtree holds it;
        else to the parent.

        Raises:
            NodeUnknown: One of the two is not in the directory, or they are in separate trees.
        """
        origin, target = self.node(here), self.node(destination)
        if here == destination or origin.broker == target.broker:
            return destination
        way_down = self._paths[destination]
        if here in way_down:
            return way_down[way_down.index(here) + 1]
        if origin.parent is None:
            raise NodeUnknown(f"No way leads from node {here} to node {destination}.")
        return origin.parent

    def route(self, origin: NodeId, destination: NodeId) -> tuple[NodeId, ...]:
        """Every node passed from ``origin`` to ``destination``, both included. Raises as :meth:`next_hop`."""
        hops = [origin]
        while hops[-1] != destination:
            hops.append(self.next_hop(hops[-1], destination))
        return tuple(hops)

    def neighbours(self, here: NodeId) -> frozenset[NodeId]:
        """The nodes that ``here`` may hand to: parent, children, and all on its broker. Raises :class:`NodeUnknown`."""
        origin = self.node(here)
        return frozenset(
            node.id
            for node in self.snapshot.nodes
            if node.id != here and (node.broker == origin.broker or node.parent == here or node.id == origin.parent)
        )


class _Found:
    """Where agencies stand in a table, by either code."""

    __slots__ = ("_by_code", "_by_old_code", "_table")

    def __init__(self, table: Table[AgencyEntry] | Table[ClosedAgency]) -> None:
        columns = table.columns
        self._table: Sequence[AgencyEntry] = table
        self._by_code = {code: place for place, code in enumerate(columns.code)}
        self._by_old_code = {code: place for place, code in enumerate(columns.old_code) if code}

    def get(self, code: str) -> AgencyEntry | None:
        """The agency with that code, else with that former code."""
        place = self._by_code.get(code)
        if place is None:
            place = self._by_old_code.get(code)
        return None if place is None else self._table[place]
