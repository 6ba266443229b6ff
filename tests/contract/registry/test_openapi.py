"""The OpenAPI document is part of the contract: a change must be meant, and whatever it allows must not break us."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from joserfc import jwt
from joserfc.jwk import ECKey
from schemathesis.checks import not_a_server_error

from lienthong.registry.config import MIGRATIONS, Settings
from lienthong.registry.main import create_app
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE, Scope
from lienthong.shared.database import Database
from lienthong.shared.migrating import migrate
from lienthong.shared.signatures.profiles import DIRECTORY_URI, Profile
from tests.contract.registry.snapshot import URL, agreed, current, settings_in
from tests.integration.registry.conftest import fill
from tests.support.pki import PKI

KEY = ECKey.generate_key("P-256", auto_kid=True)


def test_the_document_is_the_one_that_was_agreed() -> None:
    assert json.loads(json.dumps(current())) == agreed(), (
        "when the change is meant: .venv/bin/python -m tests.contract.registry.snapshot"
    )


def test_every_operation_that_can_fail_documents_its_problems() -> None:
    undocumented = [
        f"{method} {path}"
        for path, item in current()["paths"].items()
        for method, operation in item.items()
        if path.startswith("/v1/")
        and ("parameters" in operation or "requestBody" in operation)
        and not any("application/problem+json" in it.get("content", {}) for it in operation["responses"].values())
    ]

    assert undocumented == []


@pytest.fixture(scope="module")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service on a free port, in a thread with a loop of its own."""
    service_settings = settings_in(tmp_path_factory.mktemp("registry"))
    prepare(service_settings)
    server = uvicorn.Server(uvicorn.Config(create_app(service_settings), port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def schema(service_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{service_url}/openapi.json")


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, item in agreed()["paths"].items() for method in item]
)
def test_nothing_that_the_document_allows_breaks_the_service(
    schema: schemathesis.BaseSchema, path: str, method: str
) -> None:
    headers = {"Authorization": f"Bearer {operator_token()}"} if path.startswith("/v1/") else {}

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy())
    def holds(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=[not_a_server_error])

    holds()


def operator_token() -> str:
    """A token that may do everything."""
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": URL,
        "sub": "operator",
        "client_id": "operator",
        "aud": REGISTRY_AUDIENCE,
        "iat": now,
        "exp": now + 900,
        "jti": "1",
        "scope": " ".join(Scope),
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}, claims, KEY, algorithms=["ES256"])


def prepare(service_settings: Settings) -> None:
    """Everything that a registry needs on disk, and some content."""
    pki = PKI.new(datetime.now(UTC))
    seal = pki.issuing.issue(Profile.DIRECTORY, "Directory", uri=DIRECTORY_URI)
    seal.write_p12(service_settings.directory_seal, service_settings.directory_seal_password.get_secret_value())
    service_settings.token_key.write_bytes(KEY.as_pem(private=True))
    migrate(service_settings.database_url, MIGRATIONS)
    asyncio.run(_filled(service_settings.database_url))


async def _filled(url: str) -> None:
    database = Database(url)
    try:
        await fill(database)
    finally:
        await database.close()
