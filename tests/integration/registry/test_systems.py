"""Systems that speak the national SDK's interface: kept by administrators, told to their node alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from lienthong.registry.storage.system_schema import system_secrets
from lienthong.shared.contracts.systems import SYSTEMS_TYPE, NodeSystems
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal
from tests.integration.registry.conftest import Registry

SYSTEM = {"system_id": "system.hang-kia", "client_id": "eoffice.H28.31.05"}
NODE = "H28.31.05"


async def added(registry: Registry, **more: str) -> dict[str, Any]:
    return _content(await post(registry, "/v1/systems", SYSTEM | more), 201)


async def post(registry: Registry, path: str, body: Mapping[str, object]) -> httpx.Response:
    return await registry.http.post(path, json=body, headers=await registry.bearer("administrator"))


async def told(registry: Registry, node: str = NODE) -> NodeSystems:
    answer = await registry.http.get(f"/v1/nodes/{node}/systems", headers=await registry.bearer(f"node.{node}"))
    assert answer.status_code == 200, answer.text
    opened = open_seal(
        answer.text,
        typ=SYSTEMS_TYPE,
        trust=registry.pki.trust(),
        at=registry.clock.now,
        profile=Profile.DIRECTORY,
    )
    return NodeSystems.model_validate_json(opened.payload)


def _content(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def test_a_node_is_told_of_its_systems_with_their_secrets(registry: Registry) -> None:
    system = await added(registry)

    systems = await told(registry)

    assert systems.node == NODE
    assert [(one.system_id, one.client_id, one.agency) for one in systems.systems] == [
        ("system.hang-kia", "eoffice.H28.31.05", "H28.31.05")
    ]
    assert [one.value.get_secret_value() for one in systems.systems[0].secrets] == [system["secret"]]


async def test_another_node_is_told_of_nothing_and_may_not_ask_for_it(registry: Registry) -> None:
    await added(registry)
    headers = await registry.bearer("node.H28.31")

    assert (await told(registry, "H28.31")).systems == ()
    refused = await registry.http.get(f"/v1/nodes/{NODE}/systems", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-that-node")


async def test_a_system_of_a_delegate_may_call_where_its_principal_is_served(registry: Registry) -> None:
    await added(registry)
    await registry.http.put("/v1/delegations/H28.31/H28.31.05", headers=await registry.bearer())

    assert [one.system_id for one in (await told(registry, "H28.31")).systems] == ["system.hang-kia"]


async def test_a_secret_is_shown_once_and_stored_encrypted(registry: Registry) -> None:
    secret = (await added(registry))["secret"]
    headers = await registry.bearer("administrator")

    shown = await registry.http.get("/v1/systems/system.hang-kia", headers=headers)

    assert secret not in shown.text
    async with registry.database.read() as connection:
        sealed = (await connection.execute(select(system_secrets.c.sealed))).scalar_one()
    assert secret.encode() not in sealed


async def test_a_secret_of_the_national_platform_may_be_brought_along(registry: Registry) -> None:
    await added(registry, secret="of-the-national-platform")

    secrets = (await told(registry)).systems[0].secrets

    assert [one.value.get_secret_value() for one in secrets] == ["of-the-national-platform"]


async def test_after_a_rotation_both_secrets_are_good_for_the_overlap(registry: Registry) -> None:
    old = (await added(registry))["secret"]

    new = _content(await post(registry, "/v1/systems/system.hang-kia/secrets", {"overlap_days": 7}), 201)["secret"]

    both = {one.value.get_secret_value(): one.valid_to for one in (await told(registry)).systems[0].secrets}
    assert both == {old: registry.clock.now + timedelta(days=7), new: None}
    registry.clock.turn(timedelta(days=7))
    assert [one.value.get_secret_value() for one in (await told(registry)).systems[0].secrets] == [new]


async def test_a_leaked_secret_ends_at_once(registry: Registry) -> None:
    await added(registry)

    new = _content(await post(registry, "/v1/systems/system.hang-kia/secrets", {"overlap_days": 0}), 201)["secret"]

    assert [one.value.get_secret_value() for one in (await told(registry)).systems[0].secrets] == [new]


async def test_the_interface_is_switched_off_and_on_per_system(registry: Registry) -> None:
    await added(registry)
    headers = await registry.bearer("administrator")

    for enabled, seen in ((False, 0), (True, 1)):
        body = {"enabled": enabled}
        answer = await registry.http.patch("/v1/systems/system.hang-kia", json=body, headers=headers)
        assert answer.json()["enabled"] is enabled
        assert len((await told(registry)).systems) == seen


async def test_a_system_goes_with_its_client(registry: Registry) -> None:
    await added(registry)

    await registry.http.delete("/v1/clients/eoffice.H28.31.05", headers=await registry.bearer("administrator"))

    assert (await told(registry)).systems == ()


async def test_too_many_good_secrets_are_refused(registry: Registry) -> None:
    await added(registry)
    path = "/v1/systems/system.hang-kia/secrets"

    answers = [await post(registry, path, {}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert answers[-1].json()["code"] == "system-secret-refused"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (SYSTEM, 409, "system-exists"),
        (SYSTEM | {"system_id": "other", "client_id": "nobody"}, 404, "client-not-found"),
        (SYSTEM | {"system_id": "other", "client_id": "operator"}, 400, "client-without-agency"),
        (SYSTEM | {"system_id": "other", "secret": "short"}, 400, "invalid-request"),
        (SYSTEM | {"system_id": "other", "secret": "tab\tand\nline end in it"}, 400, "system-secret-refused"),
        (SYSTEM | {"system_id": "a b"}, 400, "invalid-request"),
    ],
)
async def test_what_cannot_be_added_is_refused(
    registry: Registry, body: dict[str, str], status: int, code: str
) -> None:
    await added(registry)

    answer = await post(registry, "/v1/systems", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_systems_are_listed_in_pages(registry: Registry) -> None:
    for name in ("a", "b", "c"):
        await added(registry, system_id=name)
    headers = await registry.bearer("administrator")

    first = (await registry.http.get("/v1/systems?limit=2", headers=headers)).json()
    rest = (await registry.http.get(f"/v1/systems?limit=2&cursor={first['next']}", headers=headers)).json()

    assert [one["system_id"] for one in (*first["items"], *rest["items"])] == ["a", "b", "c"]


async def test_only_administrators_see_systems(registry: Registry) -> None:
    answer = await registry.http.get("/v1/systems", headers=await registry.bearer("operator"))

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
