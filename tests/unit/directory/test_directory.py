import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lienthong.shared.contracts.directory import (
    AgencyEntry,
    DelegationEntry,
    DirectorySnapshot,
    Level,
    NodeEntry,
)
from lienthong.shared.directory import Directory, DirectoryInvalid, NodeUnknown, paths_from_root
from lienthong.shared.identifiers import AgencyCode, NodeId

NOW = datetime(2025, 6, 30, 8, tzinfo=UTC)
LEVELS = {"G22": Level.CENTRAL, "H28": Level.PROVINCE, "H28.31": Level.DISTRICT, "H28.31.05": Level.COMMUNE}


def node(code: str, parent: str | None, broker: str = "") -> NodeEntry:
    return NodeEntry(
        id=NodeId(code),
        parent=NodeId(parent) if parent else None,
        name=code,
        level=LEVELS.get(code, Level.COMMUNE),
        broker=broker or code.lower(),
        url=f"https://{code.lower()}.example.vn",
    )


def agency(code: str, old_code: str | None = None) -> AgencyEntry:
    return AgencyEntry(
        code=AgencyCode(code),
        old_code=AgencyCode(old_code) if old_code else None,
        name=f"UBND {code}",
        parent=None,
        level=Level.COMMUNE,
        node=None,
    )


def directory(
    *,
    nodes: Sequence[NodeEntry] = (),
    agencies: Sequence[AgencyEntry] = (),
    delegations: Sequence[tuple[str, str]] = (),
) -> Directory:
    entries = tuple(DelegationEntry(principal=AgencyCode(p), delegate=AgencyCode(d)) for p, d in delegations)
    snapshot = DirectorySnapshot(
        version=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=1),
        nodes=tuple(nodes),
        agencies=tuple(agencies),
        delegations=entries,
    )
    return Directory(snapshot)


LINE = [node("G22", None), node("H28", "G22"), node("H28.31", "H28"), node("H28.31.05", "H28.31"), node("H27", "G22")]


@pytest.mark.parametrize("code", ["H28.31.05", "000.05.31.H28"])
def test_an_agency_is_found_by_either_code(code: str) -> None:
    found = directory(agencies=[agency("H28.31.05", "000.05.31.H28")]).agency(code)

    assert found is not None
    assert found.code == "H28.31.05"


def test_an_old_code_finds_its_new_form_when_only_that_is_published() -> None:
    found = directory(agencies=[agency("H27.01")]).agency("000.00.01.H27")

    assert found is not None
    assert found.code == "H27.01"


def test_a_published_old_code_goes_before_the_computed_new_form() -> None:
    held = directory(agencies=[agency("H27.01"), agency("H27.77", "000.00.01.H27")])

    assert held.agency("000.00.01.H27") == agency("H27.77", "000.00.01.H27")


def test_an_unknown_code_finds_nothing() -> None:
    assert directory(agencies=[agency("H27.01")]).agency("28.22.H17") is None


@pytest.mark.parametrize(
    ("here", "destination", "hop"),
    [
        ("H28.31.05", "G22", "H28.31"),
        ("H28.31", "G22", "H28"),
        ("G22", "H28.31.05", "H28"),
        ("H28", "H28.31.05", "H28.31"),
        ("H28.31.05", "H27", "H28.31"),
        ("G22", "G22", "G22"),
    ],
)
def test_the_next_hop_follows_the_tree(here: str, destination: str, hop: str) -> None:
    assert directory(nodes=LINE).next_hop(NodeId(here), NodeId(destination)) == hop


def test_nodes_on_one_broker_are_one_hop_apart() -> None:
    nodes = [node("G22", None, "one"), node("H28", "G22", "two"), node("H28.31", "H28", "one")]

    assert directory(nodes=nodes).next_hop(NodeId("G22"), NodeId("H28.31")) == "H28.31"


def test_a_route_names_every_node_from_end_to_end() -> None:
    route = directory(nodes=LINE).route(NodeId("H28.31.05"), NodeId("H27"))

    assert route == ("H28.31.05", "H28.31", "H28", "G22", "H27")


def test_separate_trees_have_no_way_between_them() -> None:
    with pytest.raises(NodeUnknown):
        directory(nodes=[node("G22", None), node("H28", None)]).next_hop(NodeId("G22"), NodeId("H28"))


def test_an_unknown_node_is_an_error() -> None:
    with pytest.raises(NodeUnknown):
        directory(nodes=LINE).next_hop(NodeId("G22"), NodeId("H99"))


def test_neighbours_are_parent_children_and_the_own_broker() -> None:
    nodes = [*LINE, node("H28.32", None, "h28.31")]

    assert directory(nodes=nodes).neighbours(NodeId("H28.31")) == {"H28", "H28.31.05", "H28.32"}


def test_an_agency_acts_for_itself_under_either_code() -> None:
    held = directory(agencies=[agency("H28.31.05", "000.05.31.H28")])

    assert held.may_act(AgencyCode("000.05.31.H28"), AgencyCode("H28.31.05"))
    assert not held.may_act(AgencyCode("H28.31"), AgencyCode("H28.31.05"))


def test_a_delegate_acts_for_its_principal_but_not_the_other_way() -> None:
    held = directory(agencies=[agency("H28"), agency("H28.31")], delegations=[("H28.31", "H28")])

    assert held.may_act(AgencyCode("H28"), AgencyCode("H28.31"))
    assert not held.may_act(AgencyCode("H28.31"), AgencyCode("H28"))


def test_a_delegation_is_not_passed_on() -> None:
    held = directory(delegations=[("A", "B"), ("B", "C")])

    assert not held.may_act(AgencyCode("C"), AgencyCode("A"))


def test_a_snapshot_is_stale_from_its_expiry_on() -> None:
    held = directory()

    assert not held.is_stale(NOW + timedelta(days=1, seconds=-1))
    assert held.is_stale(NOW + timedelta(days=1))


def test_parents_in_a_circle_are_refused() -> None:
    with pytest.raises(DirectoryInvalid, match="lead back"):
        paths_from_root([node("H28", "H28.31"), node("H28.31", "H28")])


def test_a_missing_parent_is_refused() -> None:
    with pytest.raises(DirectoryInvalid, match="does not exist"):
        directory(nodes=[node("H28", "G22")])


def test_the_nations_agencies_are_indexed_within_a_second() -> None:
    agencies = [agency(f"H{n // 1000:02}.{n}", f"{n}") for n in range(111_339)]
    snapshot = DirectorySnapshot(version=1, issued_at=NOW, expires_at=NOW, nodes=(), agencies=agencies)

    started = time.process_time()
    held = Directory(snapshot)

    assert time.process_time() - started < 1
    assert held.agency("111338") == agencies[-1]
