"""The registry's public keys, kept on disk: tokens are checked also while the registry is away."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from lienthong.shared.errors import Unavailable

MAX_AGE = timedelta(minutes=10)
"""Keys older than this are asked for again: a withdrawn key is dropped at the latest then."""
RETRY_AFTER = timedelta(seconds=10)
"""The shortest time between two questions: tokens with invented key ids must not hammer the registry."""
TIMEOUT = timedelta(seconds=3)
MAX_JWKS_BYTES = 64 * 1024


class TokenKeysUnavailable(Unavailable):
    """The registry's keys are not known here yet, and the registry does not answer."""

    code = "token-keys-unavailable"
    title = "The keys to check access tokens are not known yet"


class JWKSCache:
    """The issuer's keys: memory first, then disk, then ``url``.

    Args:
        url: The registry's ``/.well-known/jwks.json``.
        path_on_disk: Where the last good copy is kept.
        http: Whose connections are used; the caller closes it.
        monotonic: Gives seconds; tests turn it.
    """

    def __init__(
        self,
        url: str,
        path_on_disk: Path,
        http: httpx.AsyncClient,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._path = path_on_disk
        self._http = http
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")

    async def keys(self, kid: str | None = None) -> KeySet:
        """The keys; asks the issuer when ``kid`` is not among them or they are older than ``MAX_AGE``.

        Raises:
            TokenKeysUnavailable: Nothing is held, in memory or on disk, and the issuer does not answer.
        """
        if not self._satisfies(kid):
            async with self._lock:
                await self._renew(kid)
        if self._keys is None:
            raise TokenKeysUnavailable("The registry cannot be reached to check the access token.")
        return self._keys

    def _satisfies(self, kid: str | None) -> bool:
        fresh = self._monotonic() - self._fetched_at < MAX_AGE.total_seconds()
        return self._keys is not None and fresh and (kid is None or _has(self._keys, kid))

    async def _renew(self, kid: str | None) -> None:
        if self._keys is None:
            self._keys = await asyncio.to_thread(self._load)
        now = self._monotonic()
        if self._satisfies(kid) or now - self._asked_at < RETRY_AFTER.total_seconds():
            return
        self._asked_at = now
        document = await self._fetch()
        if document is not None and (keys := parse_jwks(document)) is not None:
            self._keys, self._fetched_at = keys, now
            await asyncio.to_thread(self._save, document)

    async def _fetch(self) -> bytes | None:
        try:
            answer = await self._http.get(self._url, timeout=TIMEOUT.total_seconds())
        except httpx.HTTPError:
            return None
        good = answer.status_code == httpx.codes.OK and len(answer.content) <= MAX_JWKS_BYTES
        return answer.content if good else None

    def _load(self) -> KeySet | None:
        try:
            return parse_jwks(self._path.read_bytes())
        except OSError:
            return None

    def _save(self, document: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.partial")
        partial.write_bytes(document)
        partial.replace(self._path)


def parse_jwks(document: bytes) -> KeySet | None:
    """The EC keys of a JWK set (JSON), or None when it has none or is none. Other kinds of key are left out."""
    try:
        members = json.loads(document)["keys"]
        keys = [ECKey.import_key(member) for member in members if member.get("kty") == "EC" and "d" not in member]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return KeySet(list(keys)) if keys else None


def _has(keys: KeySet, kid: str) -> bool:
    return any(key.kid == kid for key in keys)
