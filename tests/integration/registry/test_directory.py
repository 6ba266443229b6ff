from datetime import timedelta

import pytest

from lienthong.shared.clients.registry import RegistryClient
from lienthong.shared.contracts.directory import DirectorySnapshot
from lienthong.shared.directory import Directory, open_snapshot
from lienthong.shared.identifiers import AgencyCode, NodeId
from tests.integration.registry.conftest import URL, Registry

DISTRICT = {
    "parent": "H28",
    "name": "UBND huyện Mai Châu",
    "level": "district",
    "broker": "hoa-binh",
    "url": "https://mai-chau.example.vn/",
}


async def fetched(registry: Registry) -> DirectorySnapshot:
    snapshot = await RegistryClient(URL, registry.http).snapshot()
    assert snapshot is not None
    return open_snapshot(snapshot.jws, trust=registry.pki.trust(), now=registry.clock.now)


async def test_a_node_gets_the_whole_directory_under_seal(registry: Registry) -> None:
    directory = Directory(await fetched(registry))

    agency = directory.agency("000.05.31.H28")
    assert agency is not None
    assert agency.node == "H28.31.05"
    assert directory.next_hop(NodeId("H28.31.05"), NodeId("G22")) == "H28.31"


async def test_an_unchanged_directory_is_not_sent_again(registry: Registry) -> None:
    client = RegistryClient(URL, registry.http)
    first = await client.snapshot()
    assert first is not None

    assert await client.snapshot(first.etag) is None


async def test_each_change_gives_a_higher_version(registry: Registry) -> None:
    client = RegistryClient(URL, registry.http)
    before, first = await fetched(registry), await client.snapshot()
    assert first is not None

    await registry.http.put("/v1/nodes/H28.31", json=DISTRICT, headers=await registry.bearer())

    after = await fetched(registry)
    assert await client.snapshot(first.etag) is not None
    assert after.version == before.version + 1
    assert Directory(after).node(NodeId("H28.31")).url == "https://mai-chau.example.vn"


async def test_a_new_one_comes_before_the_old_one_expires(registry: Registry) -> None:
    client = RegistryClient(URL, registry.http)
    held = await client.snapshot()
    assert held is not None

    registry.clock.turn(registry.settings.snapshot_lifetime / 2 + timedelta(seconds=1))

    assert await client.snapshot(held.etag) is not None
    renewed = await fetched(registry)
    assert renewed.expires_at > registry.clock.now + registry.settings.snapshot_lifetime / 2


async def test_a_route_names_every_node(registry: Registry) -> None:
    answer = await registry.http.get("/v1/routes", params={"from": "H28.31.05", "to": "G22"})

    assert [node["id"] for node in answer.json()["nodes"]] == ["H28.31.05", "H28.31", "H28", "G22"]


async def test_a_route_to_an_unknown_node_is_a_problem(registry: Registry) -> None:
    answer = await registry.http.get("/v1/routes", params={"from": "H28.31.05", "to": "H99"})

    assert (answer.status_code, answer.json()["code"]) == (404, "node-unknown")


@pytest.mark.parametrize(
    "change", [{"parent": "H28.31.05"}, {"parent": "H28.31"}, {"parent": "H99"}, {"level": "central"}]
)
async def test_nodes_stay_a_tree(registry: Registry, change: dict[str, str]) -> None:
    body = {**DISTRICT, **change}

    answer = await registry.http.put("/v1/nodes/H28.31", json=body, headers=await registry.bearer())

    assert (answer.status_code, answer.json()["code"]) == (400, "node-tree-invalid")
    assert (await registry.http.get("/v1/nodes/H28.31")).json()["parent"] == "H28"


async def test_a_delegation_reaches_the_nodes_and_can_be_taken_back(registry: Registry) -> None:
    district, commune = AgencyCode("H28.31"), AgencyCode("H28.31.05")
    bearer, address = await registry.bearer(), "/v1/delegations/H28.31.05/H28.31"

    added = [await registry.http.put(address, headers=bearer) for _ in range(2)]
    assert [answer.status_code for answer in added] == [201, 200]
    assert Directory(await fetched(registry)).may_act(district, commune)

    removed = [await registry.http.delete(address, headers=bearer) for _ in range(2)]
    assert [answer.status_code for answer in removed] == [204, 404]
    assert not Directory(await fetched(registry)).may_act(district, commune)


async def test_a_delegation_of_an_unknown_agency_is_refused(registry: Registry) -> None:
    answer = await registry.http.put("/v1/delegations/H99/H28", headers=await registry.bearer())

    assert (answer.status_code, answer.json()["code"]) == (404, "agency-not-found")


async def test_the_registry_is_ready_while_its_database_answers(registry: Registry) -> None:
    assert (await registry.http.get("/health/ready")).status_code == 200
