"""What a node's record must be, and that nodes form a tree."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

from lienthong.registry.domain.agencies import RANK, Code, Name
from lienthong.registry.errors import NodeTreeInvalid
from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.directory import Level, NodeEntry
from lienthong.shared.directory import DirectoryInvalid, paths_from_root
from lienthong.shared.identifiers import NodeId


class NodeDraft(Contract):
    """What a caller says about a node, checked by form only."""

    parent: Code | None = None
    name: Name
    level: Level
    broker: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,100}$")]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,500}$")]

    def entry(self, node: str) -> NodeEntry:
        """The directory entry that this would be under ``node``; its URL has no slash at the end."""
        return NodeEntry(id=NodeId(node), **{**self.model_dump(), "url": self.url.rstrip("/")})


def check_tree(nodes: Iterable[NodeEntry]) -> None:
    """Every parent exists, none leads back, and none is of a lower level than its child.

    Raises:
        NodeTreeInvalid: Says which node breaks which rule.
    """
    by_id = {node.id: node for node in nodes}
    try:
        paths_from_root(by_id.values())
    except DirectoryInvalid as error:
        raise NodeTreeInvalid(error.detail) from error
    for node in by_id.values():
        if node.parent is not None and RANK[by_id[node.parent].level] > RANK[node.level]:
            raise NodeTreeInvalid(f"Node {node.id} is of a higher level than its parent {node.parent}.")
