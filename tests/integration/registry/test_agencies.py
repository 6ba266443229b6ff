import asyncio

import pytest

from tests.integration.registry.conftest import Registry

PA_CO = {"name": "UBND xã Pà Cò", "level": "commune", "parent": "H28.31", "node": "H28.31"}


@pytest.mark.parametrize("code", ["H28.31.05", "000.05.31.H28"])
async def test_either_code_finds_the_agency_without_a_token(registry: Registry, code: str) -> None:
    answer = await registry.http.get(f"/v1/agencies/{code}")

    assert answer.status_code == 200
    assert answer.json()["name"] == "UBND xã Hang Kia"
    assert answer.json()["code"] == "H28.31.05"


async def test_an_unknown_agency_is_a_problem_with_its_code(registry: Registry) -> None:
    answer = await registry.http.get("/v1/agencies/28.22.H17")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "agency-not-found"
    assert answer.json()["hop"] == "registry"


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("hang kia", ["H28.31.05"]),
        ("HÀNG KIA xã", ["H28.31.05"]),
        ("hòa bình", ["H28"]),
        ("ubnd", ["H28", "H28.31", "H28.31.05"]),
        ("h28.31", ["H28.31", "H28.31.05"]),
        ("000.05", ["H28.31.05"]),
        ("%", []),
        ("kia _", ["H28.31.05"]),
        ("nowhere", []),
        ("\x00", []),
    ],
)
async def test_search_needs_no_diacritics_and_takes_either_code(
    registry: Registry, query: str, codes: list[str]
) -> None:
    answer = await registry.http.get("/v1/agencies", params={"q": query})

    assert [item["code"] for item in answer.json()["items"]] == codes


async def test_level_and_parent_narrow_the_list(registry: Registry) -> None:
    answer = await registry.http.get("/v1/agencies", params={"level": "district", "parent": "H28"})

    assert [item["code"] for item in answer.json()["items"]] == ["H28.31"]


async def test_pages_follow_one_another_by_link(registry: Registry) -> None:
    codes, address = [], "/v1/agencies?limit=3"
    while address:
        answer = await registry.http.get(address)
        codes += [item["code"] for item in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url", "")

    assert codes == ["G22", "H28", "H28.31", "H28.31.05"]


async def test_children_are_the_agencies_directly_below(registry: Registry) -> None:
    answer = await registry.http.get("/v1/agencies/000.00.00.H28/children")

    assert [item["code"] for item in answer.json()["items"]] == ["H28.31"]


async def test_an_operator_adds_an_agency_and_search_finds_it(registry: Registry) -> None:
    bearer = await registry.bearer()

    answer = await registry.http.put("/v1/agencies/H28.31.06", json=PA_CO, headers=bearer)
    found = await registry.http.get("/v1/agencies?q=pa co")

    assert answer.status_code == 201
    assert [item["code"] for item in found.json()["items"]] == ["H28.31.06"]


async def test_the_same_put_again_changes_nothing(registry: Registry) -> None:
    bearer = await registry.bearer()

    first = await registry.http.put("/v1/agencies/H28.31.06", json=PA_CO, headers=bearer)
    again = await registry.http.put("/v1/agencies/H28.31.06", json=PA_CO, headers=bearer)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["ETag"] == again.headers["ETag"]


async def test_a_lost_update_is_refused(registry: Registry) -> None:
    bearer = await registry.bearer()
    seen = (await registry.http.put("/v1/agencies/H28.31.06", json=PA_CO, headers=bearer)).headers["ETag"]
    bodies = [{**PA_CO, "email": f"{n}@example.vn"} for n in range(2)]

    answers = [
        await registry.http.put("/v1/agencies/H28.31.06", json=body, headers={**bearer, "If-Match": seen})
        for body in bodies
    ]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "agency-changed"


async def test_a_broken_rule_is_refused_with_its_reason(registry: Registry) -> None:
    body = {**PA_CO, "parent": "H99"}

    answer = await registry.http.put("/v1/agencies/H28.31.06", json=body, headers=await registry.bearer())

    assert answer.status_code == 400
    assert answer.json()["code"] == "agency-refused"
    assert "H99" in answer.json()["detail"]


async def test_simultaneous_changes_each_get_a_version_of_their_own(registry: Registry) -> None:
    bearer = await registry.bearer()

    answers = await asyncio.gather(
        *(registry.http.put(f"/v1/agencies/H28.31.{n}", json=PA_CO, headers=bearer) for n in range(10, 20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.headers["ETag"] for answer in answers}) == 10


@pytest.mark.parametrize(
    ("client_id", "status", "code"), [(None, 401, "token-missing"), ("eoffice.H28.31.05", 403, "scope-missing")]
)
async def test_writing_needs_the_scope(registry: Registry, client_id: str | None, status: int, code: str) -> None:
    bearer = await registry.bearer(client_id) if client_id else {}

    answer = await registry.http.put("/v1/agencies/H28.31.06", json=PA_CO, headers=bearer)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await registry.http.get("/v1/agencies/H28.31.06")).status_code == 404
