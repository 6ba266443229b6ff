"""Who is not who it says, or not party to a document, gets nothing, and does not learn what exists."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE, Scope, node_audience
from lienthong.shared.identifiers import NodeId, new_uuid
from tests.integration.acceptance.letters import package
from tests.integration.acceptance.whole_network import (
    NEIGHBOUR,
    WholeNetwork,
    as_json,
    assert_problem,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOWHERE: Final = "01900000-0000-7000-8000-000000000000"
PATHS: Final = (
    ("GET", "/v1/documents"),
    ("POST", "/v1/documents"),
    ("GET", f"/v1/documents/{NOWHERE}"),
    ("GET", f"/v1/documents/{NOWHERE}/package"),
    ("GET", f"/v1/documents/{NOWHERE}/attachments/1"),
    ("GET", f"/v1/documents/{NOWHERE}/timeline"),
    ("GET", f"/v1/documents/{NOWHERE}/evidence"),
    ("POST", f"/v1/documents/{NOWHERE}/statuses"),
    ("POST", f"/v1/documents/{NOWHERE}/recall"),
    ("POST", f"/v1/documents/{NOWHERE}/update"),
    ("POST", f"/v1/documents/{NOWHERE}/replace"),
    ("GET", "/v1/inbox"),
    ("POST", "/v1/inbox/claims"),
    ("POST", f"/v1/deliveries/{NOWHERE}/acknowledgement"),
)
"""Every operation of a node's API for agencies."""
JSON: Final = {"Content-Type": "application/json"}
BODIES: Final = {
    "statuses": {"code": "03"},
    "recall": {"reason": "x"},
    "claims": {},
    "acknowledgement": {"lease_token": "x", "result": "done"},
}
Forge = Callable[[WholeNetwork, dict[str, Any]], str]


def claims(network: WholeNetwork, **changed: object) -> dict[str, Any]:
    """What a good token of H28 for its node says."""
    now = int(datetime.now(UTC).timestamp())
    good = {
        "iss": network.site.registry.url,
        "aud": node_audience(NodeId("H28")),
        "sub": "e-office.H28",
        "client_id": "e-office.H28",
        "iat": now,
        "exp": now + 900,
        "jti": new_uuid(),
        "scope": " ".join(Scope),
        "agency": "H28",
    }
    return {**good, **changed}


def by_registry(network: WholeNetwork, said: dict[str, Any], **header: str) -> str:
    """Signed with the registry's real key."""
    key = ECKey.import_key(network.site.token_key_path.read_text())
    kid = key.thumbprint()
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid, **header}, said, key)


def by_stranger(network: WholeNetwork, said: dict[str, Any]) -> str:
    """Signed with another key that claims to be the registry's."""
    kid = ECKey.import_key(network.site.token_key_path.read_text()).thumbprint()
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, said, ECKey.generate_key("P-256"))


def unsigned(_network: WholeNetwork, _said: dict[str, Any]) -> str:
    """``alg`` none, the classic."""
    return "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJhZ2VuY3kiOiJIMjgifQ."


async def test_a_token_as_the_registry_makes_it_is_good(network: WholeNetwork) -> None:
    """Without this the refusals below would prove nothing."""
    token = by_registry(network, claims(network))

    answer = await network.http.get(f"{network.url('H28')}/v1/documents", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("forge", "changed"),
    [
        (by_registry, {"exp": 1_700_000_000, "iat": 1_699_999_100}),
        (by_registry, {"aud": node_audience(NodeId("H28.31"))}),
        (by_registry, {"aud": SIGNING_AUDIENCE}),
        (by_registry, {"iss": "https://danhba.example"}),
        (by_stranger, {}),
        (unsigned, {}),
    ],
    ids=["expired", "other-node", "signing", "other-issuer", "other-key", "no-signature"],
)
async def test_a_wrong_token_opens_nothing(network: WholeNetwork, forge: Forge, changed: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {forge(network, claims(network, **changed))}"}

    for method, path in PATHS:
        answer = await network.http.request(method, network.url("H28") + path, headers=headers, content=body_of(path))
        assert_problem(answer, 401, "token-invalid", hop="H28")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Bearer", "Bearer garbage", "Bearer a.b.c", "Basic eDp5", "x" * 9000])
async def test_garbage_for_a_token_opens_nothing(network: WholeNetwork, value: str) -> None:
    answer = await network.http.get(f"{network.url('H28')}/v1/documents", headers={"Authorization": value})

    code = answer.json()["code"]
    assert code in {"token-missing", "token-invalid"}
    assert_problem(answer, 401, code, hop="H28")


async def test_no_token_opens_nothing(network: WholeNetwork) -> None:
    for method, path in PATHS:
        answer = await network.http.request(method, network.url("H28") + path, content=body_of(path))
        assert_problem(answer, 401, "token-missing", hop="H28")


async def test_another_agencys_document_does_not_exist_for_a_stranger(network: WholeNetwork, tmp_path: Path) -> None:
    """The stranger is an agency on the sender's own node; the answer is that for an id that nobody ever gave out."""
    submitted = (await network.submit("H28", package(network, "H28", ["H28.31"], folder=tmp_path))).json()
    await network.arrived("H28.31", submitted["id"])
    given = {"documents": submitted["id"], "deliveries": submitted["recipients"][0]["delivery_id"]}

    for method, path in PATHS:
        if NOWHERE in path:
            real = path.replace(NOWHERE, given[path.split("/")[2]])
            there, nowhere = [
                await network.call(NEIGHBOUR, method, one, content=body_of(path), headers=JSON) for one in (real, path)
            ]
            assert_problem(there, 404, nowhere.json()["code"], hop="H28")
            assert {**there.json(), "instance": ""} == {**nowhere.json(), "instance": ""}


async def test_a_recipient_elsewhere_cannot_use_the_senders_node(network: WholeNetwork, tmp_path: Path) -> None:
    submitted = (await network.submit("H28", package(network, "H28", ["H28.31"], folder=tmp_path))).json()
    token = await network.token("H28.31", node_audience(NodeId("H28")))

    answer = await network.http.get(
        f"{network.url('H28')}/v1/documents/{submitted['id']}", headers={"Authorization": f"Bearer {token}"}
    )

    assert_problem(answer, 404, "document-not-found", hop="H28")


@pytest.mark.parametrize(
    ("sender", "agency"), [("H28", NEIGHBOUR), (NEIGHBOUR, "H28"), ("G22", "H28"), ("H28.31", "H28")]
)
async def test_nobody_sends_for_another_agency(
    network: WholeNetwork, tmp_path: Path, *, sender: str, agency: str
) -> None:
    before = await network.quiet("H28")

    answer = await network.submit(agency, package(network, sender, ["H28.31.05"], folder=tmp_path))

    assert_problem(answer, 403, "sender-not-allowed", hop="H28")
    assert await network.holdings("H28") == before


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/documents?agency=H28"), ("GET", "/v1/inbox?agency=H28"), ("GET", "/v1/inbox?agency=000.00.00.H28")],
)
async def test_nobody_lists_for_another_agency(network: WholeNetwork, method: str, path: str) -> None:
    answer = await network.call(NEIGHBOUR, method, path)

    assert_problem(answer, 403, "sender-not-allowed", hop="H28")


async def test_nobody_claims_or_answers_for_another_agency(network: WholeNetwork, tmp_path: Path) -> None:
    submitted = (await network.submit("H28.31", package(network, "H28.31", ["H28"], folder=tmp_path))).json()
    await network.arrived("H28", submitted["id"])

    claimed = await network.call(NEIGHBOUR, "POST", "/v1/inbox/claims", json={"agency": "H28"})
    nothing = await network.call(NEIGHBOUR, "POST", "/v1/inbox/claims", json={"limit": 100})
    said = {"code": "03", "agency": "H28"}
    answered = await network.call(NEIGHBOUR, "POST", f"/v1/documents/{submitted['id']}/statuses", json=said)

    assert_problem(claimed, 403, "sender-not-allowed", hop="H28")
    assert nothing.json() == {"claims": []}
    assert_problem(answered, 403, "sender-not-allowed", hop="H28")


def body_of(path: str) -> bytes:
    """A body that the operation would take from somebody entitled."""
    body = BODIES.get(path.rpartition("/")[2])
    return b"" if body is None else as_json(body)
