"""The network of the story, and the shape in which any network is described for provisioning."""

from dataclasses import dataclass
from typing import Final

from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode, NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """A node before it has an address. ``broker`` names the broker that holds its queue."""

    id: NodeId
    parent: NodeId | None
    name: str
    level: Level
    broker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes, parents before children, and the agencies placed on them."""

    nodes: tuple[PlannedNode, ...]
    agencies: tuple[AgencyEntry, ...]

    def neighbours(self, node: NodeId) -> tuple[PlannedNode, ...]:
        """The node itself and all that it may publish to: parent, children, and those on the same broker."""
        here = next(planned for planned in self.nodes if planned.id == node)
        return tuple(
            other
            for other in self.nodes
            if other.id in {node, here.parent} or other.parent == node or other.broker == here.broker
        )


def four_levels(*, one_broker: bool = False) -> Network:
    """Commune, district, province and centre in one line, with the agency that runs each node.

    Every node has a broker of its own, so that a document goes hop by hop along the tree; ``one_broker`` puts all
    queues on the broker ``central``, so that every node reaches every other straight.
    """
    nodes = tuple(
        PlannedNode(
            id=NodeId(code),
            parent=NodeId(parent) if parent else None,
            name=f"Nút {name}",
            level=level,
            broker="central" if one_broker else code.lower(),
        )
        for code, _, name, parent, level in _LINE
    )
    agencies = tuple(
        AgencyEntry(
            code=AgencyCode(code),
            old_code=AgencyCode(old_code),
            name=name,
            parent=AgencyCode(parent) if parent else None,
            level=level,
            node=NodeId(code),
            email=f"vanthu@{code.lower()}.example",
        )
        for code, old_code, name, parent, level in _LINE
    )
    return Network(nodes=nodes, agencies=agencies)


_LINE: Final = (
    ("G22", "000.00.00.G22", "Văn phòng Chính phủ", None, Level.CENTRAL),
    ("H28", "000.00.00.H28", "UBND tỉnh Hòa Bình", "G22", Level.PROVINCE),
    ("H28.31", "000.00.31.H28", "UBND huyện Mai Châu", "H28", Level.DISTRICT),
    ("H28.31.05", "000.05.31.H28", "UBND xã Hang Kia", "H28.31", Level.COMMUNE),
)
