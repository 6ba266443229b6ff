"""Access tokens, checked locally: verification is pure, the issuer's keys are kept on disk.

Source: RFC 9068 section 4 (JWT profile for access tokens), RFC 7519, RFC 8725 (best current practices).
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import extract_compact
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lienthong.shared.contracts.tokens import TOKEN_TYPE, Scope
from lienthong.shared.errors import Forbidden, Unauthenticated
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.jwks import JWKSCache

__all__ = [
    "JWKSCache",
    "KeySource",
    "Principal",
    "ScopeMissing",
    "SigningKeyUnknown",
    "TokenInvalid",
    "TokenMissing",
    "TokenVerifier",
    "bearer",
    "claimed_key_id",
    "require",
    "utc_now",
    "verify_token",
]

ALGORITHM = "ES256"
"""The one algorithm of access tokens: a token never chooses how it is checked. Source: RFC 8725 section 3.1."""
CLOCK_SKEW = timedelta(seconds=30)
"""How far the issuer's clock may be off."""
MAX_REMEMBERED_TOKENS = 2_000
"""Tokens whose signature is not checked again, in one process; each takes about 1 KiB."""
MAX_TOKEN_CHARACTERS = 4096
"""A longer token is refused unread; ours have about 600 characters."""


class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""

    code = "token-missing"
    title = "A bearer token is required"


class TokenInvalid(Unauthenticated):
    """The token is not one of the issuer's, not for this audience, or not good now."""

    code = "token-invalid"
    title = "The access token is not valid"


class SigningKeyUnknown(TokenInvalid):
    """The token names a key that is not among the issuer's keys as they are known here."""

    code = "token-key-unknown"
    title = "The access token is signed with an unknown key"


class ScopeMissing(Forbidden):
    """The token is good, but does not allow this."""

    code = "scope-missing"
    title = "The access token lacks a scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls: a client, the agency that it belongs to (None: an operator or a node), and what it may do."""

    client_id: str
    agency: AgencyCode | None
    scopes: frozenset[Scope]

    def require(self, *scopes: Scope) -> None:
        """Raises :class:`ScopeMissing` unless the token has every one of ``scopes``."""
        missing = sorted(set(scopes) - self.scopes)
        if missing:
            raise ScopeMissing(
                f"The access token lacks the scope {' '.join(missing)}.", facts={"missing_scopes": missing}
            )


class _Claims(BaseModel):
    """The claims that an access token must have. Source: RFC 9068 section 2.2."""

    model_config = ConfigDict(strict=True, extra="ignore")
    iss: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    jti: str
    client_id: str = Field(min_length=1)
    scope: str = ""
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """A token that passed every step, and the key that it is signed with."""

    claims: _Claims
    key: ECKey
    principal: Principal


def claimed_key_id(token: str) -> str | None:
    """The ``kid`` that the token claims; unverified. Raises :class:`TokenInvalid` when it is no JWT."""
    kid = _claimed_header(token).get("kid")
    return kid if isinstance(kid, str) else None


def verify_token(token: str, *, keys: KeySet, audience: str, now: datetime, issuer: str) -> Principal:
    """Who the token speaks for, or why it is refused.

    Args:
        token: Compact JWS, unverified.
        keys: The issuer's public keys.
        audience: The one that this service answers to.
        now: The time to judge at, aware.
        issuer: The registry's public address.

    Raises:
        SigningKeyUnknown: Step 2.
        TokenInvalid: Every other step; the sentence says which rule was broken.

    Source: RFC 9068 section 4.
    """
    return _verified(token, keys=keys, audience=audience, now=now, issuer=issuer).principal


def _verified(token: str, *, keys: KeySet, audience: str, now: datetime, issuer: str) -> _Verified:
    # 1. An access token by its header: the type and the one algorithm, whatever else it claims.
    header = _claimed_header(token)
    if str(header.get("typ", "")).lower().removeprefix("application/") != TOKEN_TYPE:
        raise TokenInvalid(f"The token's type is not {TOKEN_TYPE}.")
    if header.get("alg") != ALGORITHM:
        raise TokenInvalid(f"The token is not signed with {ALGORITHM}.")
    # 2. Signed with a key of the issuer.
    key = _issuer_key(keys, header.get("kid"))
    claims = _signed_claims(token, key)
    # 3. By the issuer, for this audience.
    if claims.iss != issuer:
        raise TokenInvalid("The token comes from another issuer.")
    if audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
        raise TokenInvalid(f"The token is not for {audience}; ask for it with the resource parameter.")
    # 4. Good now.
    _check_times(claims, now.timestamp())
    # 5. Scopes that this version knows; others give nothing.
    return _Verified(claims=claims, key=key, principal=_principal(claims))


def _principal(claims: _Claims) -> Principal:
    return Principal(
        client_id=claims.client_id,
        agency=AgencyCode(claims.agency) if claims.agency else None,
        scopes=frozenset(scope for scope in Scope if scope.value in claims.scope.split()),
    )


def _check_times(claims: _Claims, seconds: float) -> None:
    skew = CLOCK_SKEW.total_seconds()
    if claims.exp + skew <= seconds:
        raise TokenInvalid("The token has expired.")
    if claims.iat - skew > seconds:
        raise TokenInvalid("The token was issued in the future; compare the clocks.")


def _claimed_header(token: str) -> Mapping[str, Any]:
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise TokenInvalid("The bearer token is not a JWT of ours.")
    try:
        header: Mapping[str, Any] = extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise TokenInvalid("The bearer token is not a JWT.") from error
    return header


def _issuer_key(keys: KeySet, kid: object) -> ECKey:
    for key in keys:
        if isinstance(key, ECKey) and kid is not None and key.kid == kid:
            return key
    raise SigningKeyUnknown("The token names a key that its issuer does not publish.")


def _signed_claims(token: str, key: ECKey) -> _Claims:
    try:
        return _Claims.model_validate(jwt.decode(token, key, algorithms=[ALGORITHM]).claims)
    except (JoseError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise TokenInvalid("The token lacks a claim that access tokens have.") from error
        raise TokenInvalid("The token's signature does not verify.") from error


class KeySource(Protocol):
    """Where the issuer's public keys come from: its own memory, or :class:`JWKSCache`."""

    async def keys(self, kid: str | None = None) -> KeySet:
        """The keys; when ``kid`` is not among those held, after one attempt to get newer ones."""


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


class TokenVerifier:
    """Verifies the tokens of one audience.

    A client sends the same token with every request until it expires. One that passed is remembered by its digest:
    its signature does not change. Its times, and whether its key is still the issuer's, are looked at every time.

    Args:
        audience: Such as ``urn:lienthong:node:H28.31``.
        issuer: The registry's public address.
        keys: The issuer's keys.
        clock: Gives the present; tests turn it.
        memory: Tokens remembered at most.
    """

    def __init__(
        self,
        *,
        audience: str,
        issuer: str,
        keys: KeySource,
        clock: Callable[[], datetime] = utc_now,
        memory: int = MAX_REMEMBERED_TOKENS,
    ) -> None:
        self._audience = audience
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._memory = memory
        self._remembered: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Principal:
        """Who the token speaks for. Raises :class:`TokenInvalid`."""
        digest = hashlib.sha256(token.encode()).digest()
        before = self._remembered.get(digest)
        keys = await self._keys.keys(claimed_key_id(token) if before is None else before.key.kid)
        now = self._clock()
        if before is not None and any(key is before.key for key in keys):
            _check_times(before.claims, now.timestamp())
            return before.principal
        verified = _verified(token, keys=keys, audience=self._audience, now=now, issuer=self._issuer)
        if len(self._remembered) >= self._memory:
            self._remembered.clear()
        self._remembered[digest] = verified
        return verified.principal


_scheme = HTTPBearer(auto_error=False, bearerFormat="JWT", description="Token of the registry's /oauth2/token")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]
PrincipalDependency = Callable[..., Awaitable[Principal]]


def bearer(
    audience: str, jwks: KeySource, *, issuer: str, clock: Callable[[], datetime] = utc_now
) -> Callable[..., PrincipalDependency]:
    """Makes ``require(*scopes)``: FastAPI dependencies that give the caller's :class:`Principal`."""
    verifier = TokenVerifier(audience=audience, issuer=issuer, keys=jwks, clock=clock)

    def require_scopes(*scopes: Scope) -> PrincipalDependency:
        return _dependency(lambda _request: verifier, scopes)

    return require_scopes


def require(*scopes: Scope) -> PrincipalDependency:
    """A dependency as :func:`bearer` makes, for routers made before their app: it uses ``app.state.tokens``."""

    def verifier_of(request: Request) -> TokenVerifier:
        verifier: TokenVerifier = request.app.state.tokens
        return verifier

    return _dependency(verifier_of, scopes)


def _dependency(verifier_of: Callable[[Request], TokenVerifier], scopes: tuple[Scope, ...]) -> PrincipalDependency:
    async def principal(request: Request, credentials: Credentials) -> Principal:
        if credentials is None:
            raise TokenMissing("Send the registry's access token as 'Authorization: Bearer ...'.")
        caller = await verifier_of(request).verify(credentials.credentials)
        caller.require(*scopes)
        return caller

    return principal
