"""Every error leaves as a problem document, and nothing internal leaves at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from lienthong.shared import errors
from lienthong.shared.problems import PROBLEM_MEDIA_TYPE, problem_responses, status_of
from lienthong.shared.serving import create_app


class RoomTaken(errors.Conflict):
    """Somebody sits there."""

    code = "room-taken"
    title = "Taken"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def app() -> FastAPI:
    router = APIRouter()

    @router.get("/taken")
    async def taken() -> None:
        raise RoomTaken("Sit elsewhere.", facts={"room": 7})

    @router.get("/away")
    async def away() -> None:
        raise errors.Unavailable("Later.", retry_after=timedelta(seconds=1.2))

    @router.get("/broken")
    async def broken(n: int = 1) -> None:
        raise RuntimeError(f"secret {n}")

    async def never() -> bool:
        return False

    return create_app("test", hop="H28", lifespan=lifespan, routers=[router], checks={"moon": never})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
        yield http


async def test_a_leaf_becomes_a_problem_with_its_code_and_hop(client: httpx.AsyncClient) -> None:
    answer = await client.get("/taken")

    assert answer.status_code == 409
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    assert answer.json() == {
        "type": "urn:lienthong:problem:room-taken",
        "code": "room-taken",
        "title": "Taken",
        "status": 409,
        "detail": "Sit elsewhere.",
        "instance": "/taken",
        "hop": "H28",
        "room": 7,
    }


async def test_unavailable_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/away")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_an_unknown_failure_shows_no_internals(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["code"] == "internal-error"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/broken?n=x", 400, "invalid-request"), ("/nowhere", 404, "no-such-resource")],
)
async def test_the_frameworks_own_errors_are_problems_too(
    client: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_wrong_method_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/taken")

    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")


async def test_not_ready_names_what_is_away(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    answer = await client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"moon": False}


async def test_a_plain_request_id_is_kept_and_a_strange_one_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/health/live", headers={"X-Request-ID": "abc-1"})
    replaced = await client.get("/health/live", headers={"X-Request-ID": "a\tb"})

    assert kept.headers["x-request-id"] == "abc-1"
    assert "\t" not in replaced.headers["x-request-id"]


def test_every_category_has_its_status() -> None:
    categories = errors.LienthongError.__subclasses__()
    in_taxonomy = [kind for kind in categories if kind.__module__ == "lienthong.shared.errors"]

    assert len(in_taxonomy) == 9
    assert all(status_of(kind) != 500 for kind in in_taxonomy)


def test_openapi_shows_each_code_with_an_example() -> None:
    responses = problem_responses(RoomTaken, errors.TooMany)

    example = responses[409]["content"][PROBLEM_MEDIA_TYPE]["examples"]["room-taken"]["value"]
    assert example["detail"] == "Somebody sits there."
    assert set(responses) == {409, 429}
