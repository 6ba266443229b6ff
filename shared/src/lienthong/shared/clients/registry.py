"""A client of the registry: tokens (kept until shortly before they lapse), the sealed directory, look-ups."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel, SecretStr, ValidationError

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.directory import AgencyEntry, NodeEntry
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE, Scope
from lienthong.shared.errors import InvalidInput, Unauthenticated, Unavailable
from lienthong.shared.identifiers import NodeId, new_uuid
from lienthong.shared.signatures.seals import MAX_SNAPSHOT_BYTES
from lienthong.shared.tokens import utc_now

REFRESH_BEFORE = timedelta(minutes=2)
"""A token is renewed this long before it lapses, so that none lapses under way."""
RENEWAL_PAUSE = timedelta(seconds=10)
"""Between two attempts to renew a token that is still good, while the registry is away."""
ASSERTION_LIFETIME = timedelta(minutes=2)
"""The registry takes up to five."""
TIMEOUT = timedelta(seconds=10)
"""For connecting, and for each silence on the line."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Source: RFC 7523 section 2.2."""


class RegistryUnavailable(Unavailable):
    """The registry does not answer, or not sensibly."""

    code = "registry-unavailable"
    title = "The registry is away"


class RegistryRefused(InvalidInput):
    """The registry says that the request can never succeed. ``facts`` holds its problem code."""

    code = "registry-refused"
    title = "The registry refused the request"


class TokenRefused(Unauthenticated):
    """The registry gives this client no token: its credentials, scope or resource are not accepted."""

    code = "token-refused"
    title = "The registry gives this client no token"


class Credential(Protocol):
    """How a client proves who it is."""

    def parameters(self, token_endpoint: str, now: datetime) -> dict[str, str]:
        """Form parameters for one token request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    """A client id and its secret. Source: RFC 6749 section 2.3.1."""

    client_id: str
    secret: SecretStr

    def parameters(self, token_endpoint: str, now: datetime) -> dict[str, str]:  # noqa: ARG002 — as the protocol
        """Form parameters for one token request."""
        return {"client_id": self.client_id, "client_secret": self.secret.get_secret_value()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A client id and its P-256 private key (``ECKey.import_key`` takes PEM). Source: RFC 7523."""

    client_id: str
    key: ECKey

    def parameters(self, token_endpoint: str, now: datetime) -> dict[str, str]:
        """Form parameters for one token request; the assertion in it is good once, for two minutes."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": token_endpoint,
            "iat": issued_at,
            "exp": issued_at + int(ASSERTION_LIFETIME.total_seconds()),
            "jti": new_uuid(),
        }
        assertion = jwt.encode({"alg": "ES256"}, claims, self.key, algorithms=["ES256"])
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSnapshot:
    """A sealed directory, unverified, and the tag to ask with next time."""

    jws: str
    etag: str


class AgencyPage(Contract):
    """One page of agencies; ``next`` is the cursor of the following one."""

    items: tuple[AgencyEntry, ...]
    next: str | None


class _NodeList(Contract):
    items: tuple[NodeEntry, ...]


class _TokenAnswer(Contract):
    access_token: str
    expires_in: int


_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    token: str
    renew_at: datetime
    lapses_at: datetime


class RegistryClient:
    """Speaks to one registry.

    Args:
        base_url: The registry's public address, without a trailing slash.
        http: Whose connections are used; the caller closes it.
        credential: For :meth:`token`; the rest needs none.
        clock: Gives the present, aware.
    """

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        *,
        credential: Credential | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._base_url = base_url
        self._http = http
        self._credential = credential
        self._clock = clock
        self._lock = asyncio.Lock()
        self._tokens: dict[tuple[str, tuple[Scope, ...]], _Token] = {}

    async def token(self, audience: str, scopes: Sequence[Scope] = ()) -> str:
        """An access token for ``audience``, the one held while it is good; without ``scopes``, all that the client has.

        One that is to be renewed serves until it lapses while the registry is away.

        Raises:
            TokenRefused: The registry refuses.
            RegistryUnavailable: It is away.
        """
        wanted = (audience, tuple(sorted(scopes)))
        async with self._lock:
            held = self._tokens.get(wanted)
            if held is None or self._clock() >= held.renew_at:
                held = self._tokens[wanted] = await self._renewed(held, *wanted)
            return held.token

    async def _renewed(self, held: _Token | None, audience: str, scopes: tuple[Scope, ...]) -> _Token:
        try:
            return await self._fetch_token(audience, scopes)
        except RegistryUnavailable:
            now = self._clock()
            if held is None or now >= held.lapses_at:
                raise
            return replace(held, renew_at=now + RENEWAL_PAUSE)

    async def snapshot(self, etag: str | None = None) -> FetchedSnapshot | None:
        """The sealed directory, unverified; None when ``etag`` still names the newest.

        Raises:
            RegistryUnavailable: It is away, or what it sends cannot be a directory.
        """
        headers = {"If-None-Match": etag} if etag else {}
        url = f"{self._base_url}/v1/directory/snapshot"
        try:
            async with self._http.stream("GET", url, headers=headers, timeout=TIMEOUT.total_seconds()) as answer:
                if answer.status_code == httpx.codes.NOT_MODIFIED:
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise RegistryUnavailable(f"The registry answered {answer.status_code} for its directory.")
                content = bytearray()
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > MAX_SNAPSHOT_BYTES:
                        raise RegistryUnavailable("The registry's directory is larger than can be.")
        except httpx.HTTPError as error:
            raise RegistryUnavailable("The registry does not answer.") from error
        return FetchedSnapshot(jws=content.decode("ascii", "replace"), etag=answer.headers.get("ETag", ""))

    async def agency(self, code: str) -> AgencyEntry | None:
        """The agency with that code, in either form; None when there is none."""
        answer = await self._get(f"/v1/agencies/{quote(code, safe='')}", {})
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._read(answer, AgencyEntry)

    async def agencies(self, text: str = "", *, limit: int = 50, cursor: str | None = None) -> AgencyPage:
        """One page of the agencies whose name or code matches ``text``."""
        query: dict[str, str | int] = {"q": text, "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        return self._read(await self._get("/v1/agencies", query), AgencyPage)

    async def nodes(self) -> tuple[NodeEntry, ...]:
        """All nodes, by id."""
        return self._read(await self._get("/v1/nodes", {}), _NodeList).items

    async def systems(self, node: NodeId) -> str:
        """The sealed list of systems that may call ``node``, unverified: compact JWS. For that node's own client.

        Raises:
            TokenRefused: The registry gives this client no token.
            RegistryRefused: It is not for this client.
            RegistryUnavailable: It is away, or what it sends cannot be such a list.
        """
        token = await self.token(REGISTRY_AUDIENCE)
        url = f"{self._base_url}/v1/nodes/{quote(node, safe='')}/systems"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = await self._http.get(url, headers=headers, timeout=TIMEOUT.total_seconds())
        except httpx.HTTPError as error:
            raise RegistryUnavailable("The registry does not answer.") from error
        if not answer.is_success:
            raise _failure(answer)
        return answer.text

    async def _fetch_token(self, audience: str, scopes: tuple[Scope, ...]) -> _Token:
        if self._credential is None:
            raise TokenRefused("This client of the registry has no credential.")
        now = self._clock()
        url = f"{self._base_url}/oauth2/token"
        form = {
            "grant_type": "client_credentials",
            "resource": audience,
            **({"scope": " ".join(scopes)} if scopes else {}),
            **self._credential.parameters(url, now),
        }
        try:
            answer = await self._http.post(url, data=form, timeout=TIMEOUT.total_seconds())
        except httpx.HTTPError as error:
            raise RegistryUnavailable("The registry does not answer.") from error
        if answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
            refusal = _object(answer)
            raise TokenRefused(
                f"The registry gives no token: {refusal.get('error_description', 'no reason given')}",
                facts={"error": refusal.get("error")},
            )
        granted = self._read(answer, _TokenAnswer)
        lapses_at = now + timedelta(seconds=granted.expires_in)
        return _Token(token=granted.access_token, renew_at=lapses_at - REFRESH_BEFORE, lapses_at=lapses_at)

    async def _get(self, path: str, query: Mapping[str, str | int]) -> httpx.Response:
        try:
            return await self._http.get(f"{self._base_url}{path}", params=query, timeout=TIMEOUT.total_seconds())
        except httpx.HTTPError as error:
            raise RegistryUnavailable("The registry does not answer.") from error

    def _read(self, answer: httpx.Response, model: type[_Answer]) -> _Answer:
        if answer.is_error:
            raise _failure(answer)
        try:
            return model.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError) as error:
            raise RegistryUnavailable("The registry's answer makes no sense.") from error


def _failure(answer: httpx.Response) -> RegistryRefused | RegistryUnavailable:
    if not answer.is_client_error:
        return RegistryUnavailable("The registry cannot answer now.")
    problem = _object(answer)
    return RegistryRefused(
        f"The registry refused: {problem.get('detail', answer.reason_phrase)}",
        facts={"registry_code": problem.get("code")},
    )


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
