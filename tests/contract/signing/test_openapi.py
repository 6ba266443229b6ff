"""The OpenAPI document is part of the contract: a change must be meant, and whatever it allows must not break us."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.transport.serialization import serialize_binary

from lienthong.shared.contracts.tokens import Scope
from lienthong.signing.factory import SigningFactory
from lienthong.signing.main import create_app
from tests.contract.signing.snapshot import agreed, current
from tests.integration.signing.harness import ISSUER, TokenOffice, settings_for


def test_the_document_is_the_one_that_was_agreed(tmp_path: Path) -> None:
    assert json.loads(json.dumps(current(tmp_path))) == agreed(), (
        "when the change is meant: .venv/bin/python -m tests.contract.signing.snapshot"
    )


def test_every_operation_documents_its_problems(tmp_path: Path) -> None:
    operations = [
        operation
        for path, item in current(tmp_path)["paths"].items()
        if path.startswith("/v1/")
        for operation in item.values()
    ]

    assert all(
        any("application/problem+json" in answer.get("content", {}) for answer in operation["responses"].values())
        for operation in operations
    )


@pytest.fixture(scope="module")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service on a free port, in a thread with a loop of its own; the registry's token keys lie on its disk."""
    folder = tmp_path_factory.mktemp("signing")
    service_settings = settings_for(
        folder, f"sqlite:///{folder}/signing.sqlite", registry_url="http://127.0.0.1:9", registry_issuer=ISSUER
    )
    asyncio.run(_prepare(SigningFactory(service_settings)))
    public = asyncio.run(OFFICE.keys()).as_dict(private=False)
    service_settings.token_keys_path.write_text(json.dumps(public), encoding="utf-8")
    config = uvicorn.Config(create_app(service_settings), port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
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
    headers = {"Authorization": f"Bearer {OFFICE.token('operator', *Scope)}"}

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy())
    def holds(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=[not_a_server_error])

    holds()


OFFICE = TokenOffice()


@schemathesis.serializer("application/timestamp-query", "application/ocsp-request")
def _as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    del context
    return serialize_binary(value)


async def _prepare(factory: SigningFactory) -> None:
    async with factory:
        await factory.migrate()
        await factory.init_ca()
