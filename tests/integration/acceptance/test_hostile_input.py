"""Whatever a client sends, wherever: a problem that helps it, never a failure of ours, nothing of the inside."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from lienthong.shared.body_limit import MAX_JSON_BODY_BYTES
from tests.integration.acceptance.letters import package
from tests.integration.acceptance.operations import (
    ID,
    JSON_OPERATIONS,
    NODE,
    READ_OPERATIONS,
    Asker,
    Operation,
    spoilt_bodies,
)
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem, assert_reveals_nothing

pytestmark = pytest.mark.asyncio(loop_scope="session")

AT_ONCE: Final = 8
JSON: Final = {"Content-Type": "application/json"}
SPOILT: Final = (
    "%00 x%00y %ff%fe %ed%a0%80 %F0%9F%92%A5 ..%2f..%2fetc%2fpasswd %25 _ %0d%0aX -1 0 1e9 null %7b%7d '%20OR%201=1-- "
    f"%e2%80%ae {ID.upper()} {ID}%0a {'9' * 25} {'9' * 5_000} {'x' * 5_000}"
).split()
"""Escaped, as they stand in a path or a query."""


def cursor(text: str) -> str:
    """A cursor as the platform would write it, of any text."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


RANGES: Final = (
    "bytes bytes= bytes=- bytes=a-b bytes=5-1 bytes=--1 lines=1-2 bytes=0-1,2-3 bytes=0-0\xff bytes=99999999- bytes=-0 "
    f"bytes=1-{'9' * 500} bytes={'9' * 5_000}-"
).split()
NO_KEYS: Final = (
    "",
    "[",
    "nonsense",
    "[1e999]",
    "[NaN]",
    "[" * 300,
    '["\\u0000"]',
    '["\\ud800"]',
    "null",
    "{}",
    "[[]]",
)
FOREIGN_KEYS: Final[tuple[object, ...]] = (
    [],
    ["x"],
    [ID, ID],
    [0, "x"],
    [2**40, ID],
    [10**300, ID],
    [-(2**31) - 1, ID],
)
CURSORS: Final = (
    *(cursor(text) for text in NO_KEYS),
    *(cursor(json.dumps(key)) for key in FOREIGN_KEYS),
    *("=", "%00", "a", "%ff", "x" * 999, "x" * 1_001),
)


@pytest.fixture(params=["network", "postgres_network"])
def either(request: pytest.FixtureRequest) -> WholeNetwork:
    """The network over SQLite, then over PostgreSQL. Not async: a network starts on a loop that does not run yet."""
    network: WholeNetwork = request.getfixturevalue(request.param)
    return network


async def failures(calls: Sequence[Callable[[], Awaitable[httpx.Response]]]) -> list[str]:
    """What is wrong with the answers: a status of 500 and above, an error that is no problem, or a revealed inside."""
    wrong: list[str] = []
    waiting = iter(calls)

    async def one_after_the_other() -> None:
        for call in waiting:
            answer = await call()
            is_problem = answer.headers.get("content-type") == "application/problem+json"
            if answer.status_code >= 500 or (answer.is_error and not is_problem):
                wrong.append(f"{answer.status_code} {answer.request.url!s:.200} {answer.request.content[:200]!r}")
            elif answer.is_error:
                assert_reveals_nothing(answer)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return wrong


@pytest.mark.parametrize("service", ["node", "registry", "signing"])
async def test_no_operation_is_left_out(postgres_network: WholeNetwork, service: str) -> None:
    paths = (await Asker(postgres_network).openapi(service))["paths"]
    operations = [(path, method.upper(), item[method]) for path, item in paths.items() for method in item]

    takes_json = {
        (p, m) for p, m, said in operations if "application/json" in said.get("requestBody", {}).get("content", {})
    }
    takes_parameters = {
        (p, m)
        for p, m, said in operations
        if "requestBody" not in said and any(one["in"] in ("path", "query") for one in said.get("parameters", ()))
    }

    assert takes_json == {(one.path, one.method) for one in JSON_OPERATIONS if one.service == service}
    assert takes_parameters == {(one.path, one.method) for one in READ_OPERATIONS if one.service == service}


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=str)
async def test_no_json_breaks_an_operation(postgres_network: WholeNetwork, operation: Operation) -> None:
    await sweep_bodies(postgres_network, operation)


@pytest.mark.parametrize("operation", [one for one in JSON_OPERATIONS if one.service == "node"], ids=str)
async def test_no_json_breaks_a_node_on_sqlite(network: WholeNetwork, operation: Operation) -> None:
    await sweep_bodies(network, operation)


def _streams(operation: Operation) -> bool:
    """Whether the operation also takes bodies of any size, and so does not bound this one by what JSON may have."""
    return operation.path.endswith(("/v1/reorganisations", "/update", "/replace"))


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=str)
async def test_huge_json_is_refused_at_every_operation(postgres_network: WholeNetwork, operation: Operation) -> None:
    content = b" " * (MAX_JSON_BODY_BYTES + 1)

    for media_type in ("application/json", "application/edxml+xml", "text/plain"):
        headers = {"Content-Type": media_type}
        answer = await Asker(postgres_network).ask(operation, filled(operation), content=content, headers=headers)
        allowed = {413} if media_type == "application/json" and not _streams(operation) else {400, 404, 413}
        assert answer.status_code in allowed, answer.text
        assert_problem(answer, answer.status_code, answer.json()["code"], hop=answer.json()["hop"])


@pytest.mark.parametrize("operation", [one for one in READ_OPERATIONS if "{" in one.path], ids=str)
async def test_no_path_breaks_an_operation(postgres_network: WholeNetwork, operation: Operation) -> None:
    asker = Asker(postgres_network)

    targets = [filled(operation, odd) for odd in SPOILT]

    assert await failures([partial(asker.ask, operation, target) for target in targets]) == []


@pytest.mark.parametrize("operation", [one for one in READ_OPERATIONS if one.query], ids=str)
async def test_no_query_breaks_an_operation(postgres_network: WholeNetwork, operation: Operation) -> None:
    await sweep_queries(postgres_network, operation)


@pytest.mark.parametrize("operation", [one for one in READ_OPERATIONS if one.query and one.service == "node"], ids=str)
async def test_no_query_breaks_a_node_on_sqlite(network: WholeNetwork, operation: Operation) -> None:
    await sweep_queries(network, operation)


async def sweep_queries(network: WholeNetwork, operation: Operation) -> None:
    """Sends every spoilt value in every parameter of an operation's query, and every parameter twice."""
    asker, path = Asker(network), filled(operation)

    targets = [f"{path}?{name}={odd}" for name in operation.query for odd in SPOILT]
    targets += [f"{path}?cursor={odd}" for odd in CURSORS if "cursor" in operation.query]
    targets += [f"{path}?{name}=1&{name}=2" for name in operation.query]

    assert await failures([partial(asker.ask, operation, target) for target in targets]) == []


@pytest.mark.parametrize("operation", [one for one in READ_OPERATIONS if "cursor" in one.query], ids=str)
async def test_a_cursor_that_was_not_given_out_is_refused(either: WholeNetwork, operation: Operation) -> None:
    for odd in ("=", *map(cursor, ("nonsense", "{}", "[1,2,3]", '["\\u0000"]', '["\\ud800"]'))):
        path = filled(operation, NODE)
        answer = await Asker(either).ask(operation, f"{path}?cursor={odd}")
        about_one = operation.path == "/v1/reorganisations/{id}/preview"  # which nobody has: that is said first
        assert_problem(answer, 400, "invalid-request" if about_one else "cursor-invalid", hop=answer.json()["hop"])


async def test_a_limit_out_of_bounds_is_refused(either: WholeNetwork) -> None:
    for operation in (one for one in READ_OPERATIONS if "limit" in one.query):
        for limit in ("-1", "0", "501", "9" * 25, "x", "", "1.5"):
            answer = await Asker(either).ask(operation, f"{filled(operation, NODE)}?limit={limit}")
            assert_problem(answer, 400, "invalid-request", hop=answer.json()["hop"])


async def test_an_id_that_cannot_be_one_does_not_exist(either: WholeNetwork) -> None:
    said = {"lease_token": "x", "result": "done"}

    for odd in (ID.upper(), ID + "0", "1", "x", "%00", quote("văn-bản"), "0" * 36):
        for path in ("", "/package", "/attachments/1", "/timeline"):
            answer = await either.call(NODE, "GET", f"/v1/documents/{odd}{path}")
            assert_problem(answer, 404, "document-not-found", hop=NODE)
        answer = await either.call(NODE, "POST", f"/v1/deliveries/{odd}/acknowledgement", json=said)
        assert_problem(answer, 404, "delivery-not-found", hop=NODE)


async def test_no_range_breaks_a_download(either: WholeNetwork, tmp_path: Path) -> None:
    content = package(either, NODE, ["H28"], folder=tmp_path)
    path = f"/v1/documents/{(await either.submit(NODE, content)).json()['id']}/package"

    for text in RANGES:
        header = {"Range": text.encode("latin-1")}
        plain = await either.call(NODE, "GET", path, headers=header)
        odd = await either.call(
            NODE, "GET", path, headers={**header, "If-Range": b"\xff", "If-None-Match": b'"\xff,,"'}
        )
        assert (odd.status_code, odd.content) == (200, content)
        assert plain.status_code in {200, 206, 416}, text
        assert plain.content in content or assert_problem(plain, 416, "range-not-satisfiable", hop=NODE)


async def sweep_bodies(network: WholeNetwork, operation: Operation) -> None:
    """Sends every spoilt body to an operation, at ids that exist where there are any."""
    asker, target = Asker(network), filled(operation)

    send = partial(asker.ask, operation, target, headers=JSON)

    failed = await failures([partial(send, content=content) for content in spoilt_bodies(operation.body)])
    if operation.undo is not None:  # some of it was no nonsense
        (await asker.ask(operation.undo, filled(operation.undo), json=operation.undo.body)).raise_for_status()

    assert failed == []


def filled(operation: Operation, value: str = "") -> str:
    """The path of an operation with something for every name in it."""
    usual: dict[str, Any] = {"delivery": ID, "document": ID, "id": ID, "n": 1, "sha256": "0" * 64}
    usual |= {"serial": "01", "name": "root"}
    names = [part.split("}")[0] for part in operation.path.split("{")[1:]]
    return operation.path.format(**{name: value or usual.get(name, "X99") for name in names})
