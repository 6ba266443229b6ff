"""A body that FastAPI reads whole is bounded, whatever it is called; one that an endpoint streams is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel

from lienthong.shared.body_limit import MAX_JSON_BODY_BYTES
from lienthong.shared.serving import create_app

OVER = MAX_JSON_BODY_BYTES + 1
PIECE = b" " * 65_536


class Said(BaseModel):
    words: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def app() -> FastAPI:
    router = APIRouter()

    @router.post("/said")
    async def say(said: Said) -> int:
        return len(said.words)

    @router.post("/streamed")
    async def stream(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    return create_app("test", hop="H28", lifespan=lifespan, routers=[router], checks={})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
        yield http


class Endless:
    """A body without a declared length; counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < 10 * OVER:
            self.taken += len(PIECE)
            yield PIECE


@pytest.mark.parametrize("media_type", ["application/json", "application/edxml+xml", "text/plain", ""])
async def test_a_body_that_is_read_whole_is_bounded_whatever_it_is_called(
    client: httpx.AsyncClient, media_type: str
) -> None:
    answer = await client.post("/said", content=b" " * OVER, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["code"], answer.json()["hop"]) == (413, "request-too-large", "H28")
    assert answer.json()["limit_bytes"] == MAX_JSON_BODY_BYTES


async def test_a_declared_length_over_the_limit_is_refused_unread(client: httpx.AsyncClient) -> None:
    body = Endless()

    answer = await client.post("/said", content=body, headers={"Content-Length": str(OVER)})

    assert answer.json()["code"] == "request-too-large"
    assert body.taken == 0


async def test_a_body_without_a_declared_length_is_read_to_the_limit_only(client: httpx.AsyncClient) -> None:
    body = Endless()

    answer = await client.post("/said", content=body, headers={"Content-Type": "application/json"})

    assert answer.json()["code"] == "request-too-large"
    assert MAX_JSON_BODY_BYTES < body.taken <= MAX_JSON_BODY_BYTES + len(PIECE)


async def test_a_body_at_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    frame = len(b'{"words":""}')
    body = b'{"words":"' + b"x" * (MAX_JSON_BODY_BYTES - frame) + b'"}'

    answer = await client.post("/said", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()) == (200, MAX_JSON_BODY_BYTES - frame)


async def test_a_body_that_the_endpoint_streams_is_its_own_affair(client: httpx.AsyncClient) -> None:
    answer = await client.post("/streamed", content=b" " * OVER, headers={"Content-Type": "application/json"})

    assert answer.json() == OVER


async def test_json_that_is_nested_too_deep_is_not_a_failure_of_ours(client: httpx.AsyncClient) -> None:
    content = b"[" * 500_000

    answer = await client.post("/said", content=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
