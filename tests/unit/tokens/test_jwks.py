from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from lienthong.shared.jwks import MAX_AGE, RETRY_AFTER, JWKSCache, TokenKeysUnavailable, parse_jwks

URL = "https://danhba.example.vn/.well-known/jwks.json"


class FakeRegistry:
    """Publishes keys while it is online, and counts how often it is asked."""

    def __init__(self) -> None:
        self.online = True
        self.asked = 0
        self.keys = [ECKey.generate_key("P-256", auto_kid=True)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.online:
            raise httpx.ConnectError("away", request=request)
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http(registry: FakeRegistry) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(registry)) as client:
        yield client


@pytest.fixture
def cache(http: httpx.AsyncClient, clock: Clock, tmp_path: Path) -> JWKSCache:
    return JWKSCache(URL, tmp_path / "state" / "jwks.json", http, monotonic=clock)


async def test_the_registry_is_asked_once(cache: JWKSCache, registry: FakeRegistry) -> None:
    kid = registry.keys[0].kid

    for _ in range(3):
        assert [key.kid for key in await cache.keys(kid)] == [kid]

    assert registry.asked == 1


async def test_an_unknown_kid_asks_the_registry_anew(cache: JWKSCache, registry: FakeRegistry, clock: Clock) -> None:
    await cache.keys()
    registry.keys.append(ECKey.generate_key("P-256", auto_kid=True))
    clock.seconds = RETRY_AFTER.total_seconds()

    kids = [key.kid for key in await cache.keys(registry.keys[1].kid)]

    assert kids == [key.kid for key in registry.keys]


async def test_invented_kids_do_not_hammer_the_registry(cache: JWKSCache, registry: FakeRegistry) -> None:
    for number in range(50):
        await cache.keys(f"invented-{number}")

    assert registry.asked == 1


async def test_a_withdrawn_key_is_dropped_once_the_copy_is_old(
    cache: JWKSCache, registry: FakeRegistry, clock: Clock
) -> None:
    old = registry.keys[0].kid
    await cache.keys(old)
    registry.keys = [ECKey.generate_key("P-256", auto_kid=True)]
    clock.seconds = MAX_AGE.total_seconds()

    assert old not in [key.kid for key in await cache.keys(old)]


async def test_keys_are_known_after_a_restart_while_the_registry_is_away(
    cache: JWKSCache, registry: FakeRegistry, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    await cache.keys()
    registry.online = False

    restarted = JWKSCache(URL, tmp_path / "state" / "jwks.json", http)

    assert [key.kid for key in await restarted.keys()] == [registry.keys[0].kid]


async def test_without_any_copy_the_caller_is_told_to_try_again(cache: JWKSCache, registry: FakeRegistry) -> None:
    registry.online = False

    with pytest.raises(TokenKeysUnavailable):
        await cache.keys()


async def test_a_damaged_copy_on_disk_is_fetched_anew(cache: JWKSCache, registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "jwks.json").write_bytes(b'{"keys": [')

    assert [key.kid for key in await cache.keys()] == [registry.keys[0].kid]


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [1]}', b'{"keys": [{"kty": "EC"}]}']
)
def test_what_is_no_key_set_gives_none(document: bytes) -> None:
    assert parse_jwks(document) is None
