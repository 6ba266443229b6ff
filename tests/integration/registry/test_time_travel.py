"""What an operator changes stays readable as it was."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.registry.conftest import Registry

HANG_KIA = {
    "name": "UBND xã Hang Kia",
    "old_code": "000.05.31.H28",
    "level": "commune",
    "parent": "H28.31",
    "node": "H28.31.05",
}
ADDRESS = "/v1/agencies/H28.31.05"


async def renamed(registry: Registry, **change: Any) -> str:
    """Changes the commune a day later; gives the moment of the change."""
    registry.clock.turn(timedelta(days=1))
    answer = await registry.http.put(ADDRESS, json={**HANG_KIA, **change}, headers=await registry.bearer())
    assert answer.status_code == 200
    return registry.clock.now.isoformat()


@pytest.mark.parametrize("code", ["H28.31.05", "000.05.31.H28"])
async def test_a_renamed_agency_has_its_old_name_at_an_old_date(registry: Registry, code: str) -> None:
    changed_at = await renamed(registry, name="UBND xã Pà Cò")

    then = await registry.http.get(f"/v1/agencies/{code}", params={"at": "2024-10-01"})
    at_the_change = await registry.http.get(f"/v1/agencies/{code}", params={"at": changed_at})

    assert [then.json()["name"], at_the_change.json()["name"]] == ["UBND xã Hang Kia", "UBND xã Pà Cò"]


async def test_the_history_has_every_version_and_who_made_it(registry: Registry) -> None:
    moments = [await renamed(registry, name=name) for name in ("Một", "Hai")]

    history = (await registry.http.get(f"{ADDRESS}/history")).json()

    assert [line["name"] for line in history["items"]] == ["UBND xã Hang Kia", "Một", "Hai"]
    starts = [line["valid_from"] for line in history["items"]]
    assert starts[0] is None
    assert [line["valid_to"] for line in history["items"]] == [*starts[1:], None]
    assert [start.replace("Z", "+00:00") for start in starts[1:]] == moments
    assert [line["changed_by"] for line in history["items"]] == ["tests", "operator", "operator"]


async def test_the_history_comes_in_pages(registry: Registry) -> None:
    for name in ("Một", "Hai"):
        await renamed(registry, name=name)
    whole = (await registry.http.get(f"{ADDRESS}/history")).json()["items"]

    paged, address = [], f"{ADDRESS}/history?limit=1"
    while address:
        answer = await registry.http.get(address)
        paged += [(item["name"], item["valid_to"] is None) for item in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url", "")

    assert [name for name, _ in paged] == [line["name"] for line in whole]


async def test_children_of_an_old_date_are_those_of_then(registry: Registry) -> None:
    await renamed(registry, parent="H28")
    now = await registry.http.get("/v1/agencies/H28.31/children")
    then = await registry.http.get("/v1/agencies/H28.31/children", params={"at": "2024-10-01"})
    above = await registry.http.get("/v1/agencies/H28/children", params={"at": "2024-10-01"})

    assert now.json()["items"] == []
    assert [item["code"] for item in then.json()["items"]] == ["H28.31.05"]
    assert [item["code"] for item in above.json()["items"]] == ["H28.31"]


async def test_a_date_begins_in_vietnam(registry: Registry) -> None:
    registry.clock.now = registry.clock.now.replace(year=2027, month=7, day=1, hour=17, minute=30)
    changed = await registry.http.put(ADDRESS, json={**HANG_KIA, "name": "Mới"}, headers=await registry.bearer())
    assert changed.status_code == 200

    names = [
        (await registry.http.get(ADDRESS, params={"at": at})).json()["name"]
        for at in ("2027-07-02", "2027-07-02T00:31:00", "2027-07-03")
    ]

    assert names == ["UBND xã Hang Kia", "Mới", "Mới"]


@pytest.mark.parametrize("at", ["yesterday", "2024-13-01", "9999-12-31T23:59:59-14:00", "0001-01-01", "\x00"])
async def test_an_unreadable_moment_is_a_problem(registry: Registry, at: str) -> None:
    answer = await registry.http.get(ADDRESS, params={"at": at})

    assert (answer.status_code, answer.json()["code"]) == (400, "instant-unreadable")
