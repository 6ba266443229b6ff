import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from lienthong.registry.usecases.keep_clients import ClientDraft, put_client
from lienthong.shared.clients.registry import ClientKey, ClientSecret, RegistryClient, RegistryUnavailable, TokenRefused
from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE, Scope
from lienthong.shared.jwks import parse_jwks
from lienthong.shared.tokens import Principal, verify_token
from tests.integration.registry.conftest import SECRET, URL, Registry
from tests.support.pki import NOW

FORM = {"grant_type": "client_credentials", "client_id": "eoffice.H28.31.05", "client_secret": SECRET}
KEY = ECKey.generate_key("P-256", auto_kid=True)


async def ask(registry: Registry, **changes: str) -> httpx.Response:
    return await registry.http.post("/oauth2/token", data={**FORM, **changes})


async def opened(registry: Registry, token: str, audience: str) -> Principal:
    keys = parse_jwks((await registry.http.get("/.well-known/jwks.json")).content)
    assert isinstance(keys, KeySet)
    return verify_token(token, keys=keys, audience=audience, now=registry.clock.now, issuer=URL)


async def with_key(registry: Registry) -> ClientKey:
    draft = ClientDraft(client_id="node.H28", name="H28", scopes=[Scope.INBOX], jwk=KEY.as_dict(private=False))
    await put_client(registry.database, draft, now=NOW)
    return ClientKey(client_id="node.H28", key=KEY)


async def test_a_token_is_for_the_resource_that_was_asked_for(registry: Registry) -> None:
    answer = await ask(registry, resource="urn:lienthong:node:H28.31.05", scope="inbox")

    body = answer.json()
    caller = await opened(registry, body["access_token"], "urn:lienthong:node:H28.31.05")
    assert (caller.client_id, caller.agency) == ("eoffice.H28.31.05", "H28.31.05")
    assert caller.scopes == {Scope.INBOX}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 900, "inbox")
    assert answer.headers["cache-control"] == "no-store"


async def test_basic_authentication_works_too(registry: Registry) -> None:
    answer = await registry.http.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, auth=("eoffice.H28.31.05", SECRET)
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "a\x00b"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "inbox admin"}, 400, "invalid_scope"),
        ({"resource": "urn:lienthong:node:H99"}, 400, "invalid_target"),
        ({"client_assertion": "x"}, 400, "invalid_request"),
    ],
)
async def test_refusals_have_the_words_of_oauth(
    registry: Registry, changes: dict[str, str], status: int, error: str
) -> None:
    answer = await ask(registry, **changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=1&" * 50, "application/x-www-form-urlencoded"),
        (b"x" * 40_000, "application/x-www-form-urlencoded"),
        (b'{"grant_type":"client_credentials"}', "application/json"),
    ],
)
async def test_what_is_no_form_is_an_invalid_request(registry: Registry, content: bytes, media_type: str) -> None:
    answer = await registry.http.post("/oauth2/token", content=content, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_client_with_a_key_needs_no_secret(registry: Registry) -> None:
    client = RegistryClient(URL, registry.http, credential=await with_key(registry), clock=registry.clock)

    caller = await opened(registry, await client.token(SIGNING_AUDIENCE), SIGNING_AUDIENCE)

    assert (caller.client_id, caller.agency) == ("node.H28", None)


async def test_attack_replayed_assertion(registry: Registry) -> None:
    credential = await with_key(registry)
    form = {"grant_type": "client_credentials", **credential.parameters(f"{URL}/oauth2/token", NOW)}

    answers = await asyncio.gather(*(registry.http.post("/oauth2/token", data=form) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_attack_replay_after_the_memory_is_cleaned(registry: Registry) -> None:
    credential = await with_key(registry)
    form = {"grant_type": "client_credentials", **credential.parameters(f"{URL}/oauth2/token", NOW)}
    assert (await registry.http.post("/oauth2/token", data=form)).status_code == 200

    registry.clock.turn(timedelta(minutes=10))
    await RegistryClient(URL, registry.http, credential=credential, clock=registry.clock).token(SIGNING_AUDIENCE)

    assert (await registry.http.post("/oauth2/token", data=form)).status_code == 401


async def test_a_deactivated_client_gets_no_token(registry: Registry) -> None:
    administrator = await registry.bearer("administrator")

    gone = await registry.http.delete("/v1/clients/eoffice.H28.31.05", headers=administrator)

    assert gone.status_code == 204
    assert (await ask(registry)).status_code == 401


async def test_a_registered_client_can_use_its_secret_and_never_sees_it_again(registry: Registry) -> None:
    administrator = await registry.bearer("administrator")
    body = {"client_id": "eoffice.H28", "name": "Hòa Bình", "agency": "H28", "scopes": ["inbox"]}

    made = await registry.http.post("/v1/clients", json=body, headers=administrator)
    shown = await registry.http.get("/v1/clients/eoffice.H28", headers=administrator)

    credential = ClientSecret(client_id="eoffice.H28", secret=SecretStr(made.json()["secret"]))
    assert await RegistryClient(URL, registry.http, credential=credential).token(SIGNING_AUDIENCE)
    assert "secret" not in shown.json()
    assert shown.json()["methods"] == ["client_secret"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_id": "operator"}, 409, "client-exists"),
        ({"agency": "H99"}, 404, "agency-not-found"),
        ({"jwk": {"kty": "oct", "k": "AA"}}, 400, "client-key-invalid"),
        ({"scopes": ["root"]}, 400, "invalid-request"),
    ],
)
async def test_a_client_that_cannot_be_is_refused(
    registry: Registry, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {"client_id": "eoffice.H28", "name": "Hòa Bình", "scopes": ["inbox"], **changes}

    answer = await registry.http.post("/v1/clients", json=body, headers=await registry.bearer("administrator"))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_clients_are_for_administrators_only(registry: Registry) -> None:
    answer = await registry.http.get("/v1/clients", headers=await registry.bearer("operator"))

    assert answer.status_code == 403


async def test_attack_a_token_for_another_service(registry: Registry) -> None:
    token = await registry.client("administrator").token(SIGNING_AUDIENCE)

    answer = await registry.http.get("/v1/clients", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_attack_a_token_signed_by_somebody_else(registry: Registry) -> None:
    claims = {"iss": URL, "sub": "x", "client_id": "x", "aud": "urn:lienthong:registry", "jti": "x", "scope": "admin"}
    times = {"iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 900}
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}, {**claims, **times}, KEY)

    answer = await registry.http.get("/v1/clients", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


async def test_the_client_keeps_its_token_until_shortly_before_it_lapses(registry: Registry) -> None:
    client = registry.client("operator")
    first = await client.token(SIGNING_AUDIENCE)

    registry.clock.turn(timedelta(minutes=12))
    kept = await client.token(SIGNING_AUDIENCE)
    registry.clock.turn(timedelta(minutes=1))

    assert kept == first
    assert await client.token(SIGNING_AUDIENCE) != first


async def test_the_client_says_why_it_gets_no_token(registry: Registry) -> None:
    with pytest.raises(TokenRefused, match="every scope"):
        await registry.client("operator").token(SIGNING_AUDIENCE, [Scope.ADMIN])


async def test_metadata_name_the_endpoints(registry: Registry) -> None:
    metadata = (await registry.http.get("/.well-known/oauth-authorization-server")).json()

    assert metadata["issuer"] == URL
    assert metadata["token_endpoint"] == f"{URL}/oauth2/token"
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]


async def test_published_keys_are_public(registry: Registry) -> None:
    keys = (await registry.http.get("/.well-known/jwks.json")).json()["keys"]

    assert all("d" not in key and key["use"] == "sig" for key in keys)


class _Switch(httpx.AsyncBaseTransport):
    """Stands before the registry; off, nobody answers."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.online = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.online:
            raise httpx.ConnectError("nobody is there", request=request)
        return await self._registry.http.send(request)


async def test_a_token_serves_until_it_lapses_while_the_registry_is_away(registry: Registry) -> None:
    switch = _Switch(registry)
    credential = ClientSecret(client_id="eoffice.H28.31.05", secret=SecretStr(SECRET))
    async with httpx.AsyncClient(transport=switch) as http:
        client = RegistryClient(URL, http, credential=credential, clock=registry.clock)
        first = await client.token(SIGNING_AUDIENCE)
        switch.online = False
        registry.clock.turn(timedelta(minutes=14))
        assert await client.token(SIGNING_AUDIENCE) == first

        registry.clock.turn(timedelta(minutes=2))
        with pytest.raises(RegistryUnavailable):
            await client.token(SIGNING_AUDIENCE)

        switch.online = True
        assert await client.token(SIGNING_AUDIENCE) != first
