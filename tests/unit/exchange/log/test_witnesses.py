"""Who witnesses whom: never a node itself, and nobody is left out who has a neighbour in the tree."""

import pytest

from lienthong.exchange.domain.witnesses import witness_of, witnessed_by
from lienthong.shared.directory import NodeUnknown
from lienthong.shared.identifiers import NodeId
from tests.unit.exchange.carry.handover import PARENTS, directory


def test_the_parent_witnesses_and_the_first_child_the_root() -> None:
    witnesses = {node: witness_of(NodeId(node), directory()) for node in PARENTS}

    assert witnesses == {"G22": "H28", "H28": "G22", "H28.31": "H28", "H28.31.05": "H28.31", "H99": "G22"}


def test_each_node_witnesses_those_whose_witness_it_is() -> None:
    for here in PARENTS:
        expected = [node for node in sorted(PARENTS) if witness_of(NodeId(node), directory()) == here]
        assert list(witnessed_by(NodeId(here), directory())) == expected


def test_an_unknown_node_witnesses_nobody() -> None:
    with pytest.raises(NodeUnknown):
        witnessed_by(NodeId("X99"), directory())
