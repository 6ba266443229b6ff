from lienthong.embedded.network import four_levels
from lienthong.shared.identifiers import NodeId, new_form_of


def test_every_agency_of_the_story_has_both_codes_of_one_agency() -> None:
    for agency in four_levels().agencies:
        assert agency.old_code is not None
        assert new_form_of(agency.old_code) == agency.code


def test_nodes_of_the_story_reach_only_parent_and_children() -> None:
    network = four_levels()

    assert [node.id for node in network.neighbours(NodeId("H28"))] == ["G22", "H28", "H28.31"]
    assert [node.id for node in network.neighbours(NodeId("H28.31.05"))] == ["H28.31", "H28.31.05"]


def test_on_one_broker_every_node_reaches_every_other() -> None:
    network = four_levels(one_broker=True)

    assert len(network.neighbours(NodeId("H28.31.05"))) == 4
