"""The OpenAPI document is part of the contract: a change must be meant; what it allows must not break a node."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from lienthong.exchange.config import MIGRATIONS
from lienthong.exchange.main import create_api
from lienthong.shared.migrating import migrate
from tests.contract.exchange.snapshot import agreed, current
from tests.integration.exchange.receive.receiving_node import Arrived, Letter, ReceivingNode, receiving_node

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
OPERATIONS = [(path, method) for path, item in agreed()["paths"].items() for method in item]


def test_the_document_is_the_one_that_was_agreed(tmp_path: Path) -> None:
    assert json.loads(json.dumps(current(tmp_path))) == agreed(), (
        "when the change is meant: .venv/bin/python -m tests.contract.exchange.snapshot"
    )


def _answers_problems(path: str, method: str) -> bool:
    """Systems of provincial front ends read envelopes instead."""
    return path.startswith("/v1/") and agreed()["paths"][path][method]["tags"] != ["provincial front ends"]


@pytest.mark.parametrize(("path", "method"), [one for one in OPERATIONS if _answers_problems(*one)])
def test_every_operation_says_what_it_does_and_which_problems_it_has(path: str, method: str) -> None:
    operation = agreed()["paths"][path][method]
    problems = [
        answer["content"]["application/problem+json"]["examples"]
        for answer in operation["responses"].values()
        if "application/problem+json" in answer.get("content", {})
    ]

    assert operation["summary"]
    assert operation["description"]
    assert any("token-missing" in examples for examples in problems)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A node on a free port, and what it holds."""

    url: str
    headers: dict[str, str]
    sent: Arrived


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """In a thread with a loop of its own; the registry's token keys lie on its disk."""
    folder = tmp_path_factory.mktemp("node")
    node, headers, sent = asyncio.run(_prepared(folder))
    app = create_api(node.factory.settings, clock=node.clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(url=f"http://127.0.0.1:{port}", headers=headers, sent=sent)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def schema(served: Served) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_that_the_document_allows_breaks_a_node(
    schema: schemathesis.BaseSchema, served: Served, path: str, method: str
) -> None:
    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy(), real=st.booleans())
    def holds(case: schemathesis.Case[Any], *, real: bool) -> None:
        if real and "document" in (case.path_parameters or {}):
            case.path_parameters["document"] = served.sent.document
        if real and "delivery" in (case.path_parameters or {}):
            case.path_parameters["delivery"] = served.sent.deliveries["H28.31"]
        if "wait" in (case.query or {}):
            case.query["wait"] = "0"
        case.call_and_validate(headers=served.headers, checks=CHECKS)

    holds()
    if path == "/v1/admin/drain":  # the others want a node that takes things in
        undrained = httpx.post(f"{served.url}/v1/admin/undrain", json={"reason": "tried"}, headers=served.headers)
        assert undrained.status_code == 200


CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


async def _prepared(folder: Path) -> tuple[ReceivingNode, dict[str, str], Arrived]:
    await asyncio.to_thread(migrate, f"sqlite:///{folder}/node.db", MIGRATIONS)
    async with receiving_node(folder, f"sqlite:///{folder}/node.db") as node:
        sent = await node.receive(Letter())
        async with node.client() as client:
            headers = {"Authorization": client.headers["Authorization"]}
        public = (await node.keys.keys()).as_dict(private=False)
        node.factory.settings.token_keys_path.write_text(json.dumps(public), encoding="utf-8")
        return node, headers, sent
