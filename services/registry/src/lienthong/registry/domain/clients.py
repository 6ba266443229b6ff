"""Clients, and how one proves who it is. Source: RFC 6749 section 2.3, RFC 7523 section 3, RFC 8725."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import extract_compact
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lienthong.registry.errors import ClientKeyInvalid, ClientRefused, OAuthRequestInvalid
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Source: RFC 7523 section 2.2."""
ASSERTION_LIFETIME: Final = timedelta(minutes=5)
"""The longest life of a client assertion; its id is remembered that long."""
CLOCK_SKEW: Final = timedelta(seconds=30)
MAX_ASSERTION_CHARACTERS: Final = 8192
ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {"EC": ("ES256",), "RSA": ("PS256", "RS256")}
"""What a key of each kind may sign with: never ``none``, never a MAC. Source: RFC 8725 sections 3.1 and 3.2."""
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_KEY_ID_LENGTH: Final = 200
CLIENT_ID_PATTERN: Final = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$"

_SCRYPT: Final[Mapping[str, int]] = {"n": 2**14, "r": 8, "p": 1}
_NOT_PROVEN: Final = "The client is unknown, is not active, or did not prove who it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A system that asks for tokens. ``agency`` None: an operator or a node."""

    client_id: str
    name: str
    agency: AgencyCode | None
    scopes: frozenset[Scope]
    secret_hash: str | None
    jwk: Mapping[str, Any] | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a token request offers, unverified: a secret or an assertion, never both."""

    claimed_client_id: str
    secret: str | None = None
    assertion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentAssertion:
    """An assertion id that must not be accepted again before ``expires_at``."""

    jti: str
    expires_at: datetime


class _AssertionClaims(BaseModel):
    """Source: RFC 7523 section 3; ``jti`` is required here."""

    model_config = ConfigDict(strict=True, extra="ignore")
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float = Field(ge=0, le=2**40, allow_inf_nan=False)
    jti: str = Field(pattern=r"^[ -~]{1,200}$")
    iat: int | float | None = Field(default=None, allow_inf_nan=False)
    nbf: int | float | None = Field(default=None, allow_inf_nan=False)


def read_credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials:
    """The credentials of a token request, unverified.

    Raises:
        ClientRefused: There are none, or the Authorization header is not Basic.
        OAuthRequestInvalid: More than one way is used. Source: RFC 6749 section 2.3.
    """
    ways = [authorization is not None, "client_secret" in form, "client_assertion" in form]
    if sum(ways) > 1:
        raise OAuthRequestInvalid("Use one way of client authentication, not several.")
    if authorization is not None:
        return _basic(authorization, form.get("client_id"))
    if "client_secret" in form:
        return _credentials(form.get("client_id", ""), secret=form["client_secret"])
    if "client_assertion" not in form:
        raise ClientRefused("Authenticate with a client secret or a client assertion.")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthRequestInvalid(f"client_assertion_type must be {ASSERTION_TYPE}.")
    assertion = form["client_assertion"]
    claimed = form.get("client_id") or _claimed_subject(assertion)
    return _credentials(claimed, assertion=assertion)


def authenticate(
    credentials: Credentials, client: Client | None, *, audiences: frozenset[str], now: datetime
) -> SpentAssertion | None:
    """Decides whether the client proved who it is; takes some 40 ms for a secret.

    Args:
        credentials: As the request offers them.
        client: The client of the claimed id; None when there is none.
        audiences: What an assertion may be addressed to: the token endpoint and the issuer.
        now: The time to judge at, aware.

    Returns:
        The assertion id that the caller must now spend, and refuse when it was spent before; None for a secret.

    Raises:
        ClientRefused: The sentence is the same for an unknown client and for a wrong proof.
    """
    # 1. A secret costs the same time whether or not the client exists, is active and has one.
    if credentials.secret is not None:
        expected = client.secret_hash if client is not None else None
        matches = secret_matches(credentials.secret, expected)
        if client is None or not client.active or not matches:
            raise ClientRefused(_NOT_PROVEN)
        return None
    # 2. An assertion needs an active client with a registered key.
    if credentials.assertion is None or client is None or not client.active or client.jwk is None:
        raise ClientRefused(_NOT_PROVEN)
    # 3. Signed by that key, with an algorithm of that key.
    claims = _signed_claims(credentials.assertion, client.jwk)
    # 4. By the client about itself, for us.
    if not claims.iss == claims.sub == client.client_id:
        raise ClientRefused("iss and sub of the client assertion must both be the client id.")
    if not audiences & set([claims.aud] if isinstance(claims.aud, str) else claims.aud):
        raise ClientRefused("aud of the client assertion must be the token endpoint or the issuer.")
    # 5. Good now, and not for long.
    expires_at = _check_times(claims, now)
    # 6. For one use: the caller spends it.
    return SpentAssertion(jti=claims.jti, expires_at=expires_at + CLOCK_SKEW)


def hash_secret(secret: str, *, salt: bytes) -> str:
    """What is stored of a secret: ``scrypt$<salt>$<hash>`` in hexadecimal. Source: RFC 7914; takes some 40 ms."""
    return f"scrypt${salt.hex()}${_scrypt(secret, salt).hex()}"


def secret_matches(secret: str, stored: str | None) -> bool:
    """Whether the secret is the stored one, in constant time; with nothing stored as slow, and False."""
    _, salt, expected = (stored or f"scrypt${'00' * 16}${'00' * 32}").split("$")
    matches = hmac.compare_digest(_scrypt(secret, bytes.fromhex(salt)), bytes.fromhex(expected))
    return matches and stored is not None


def public_jwk(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The key in the form that is stored: public members and ``kid``.

    Raises:
        ClientKeyInvalid: Not an EC P-256 or RSA (2048 to 8192 bits) key, or a private one.
    """
    if not isinstance(jwk.get("kty"), str) or jwk["kty"] not in ALGORITHMS:
        raise ClientKeyInvalid("Give a public JWK of kty EC (P-256) or RSA.")
    if set(jwk) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}:
        raise ClientKeyInvalid("That is a private key. Make a new one, and give only its public part.")
    key = _import_key(jwk)
    if isinstance(key, ECKey) and key.curve_name != "P-256":
        raise ClientKeyInvalid("Use the curve P-256.")
    if isinstance(key, RSAKey) and not MIN_RSA_BITS <= key.raw_value.key_size <= MAX_RSA_BITS:
        raise ClientKeyInvalid(f"Use RSA of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")
    key.ensure_kid()
    if len(str(key.kid)) > MAX_KEY_ID_LENGTH:
        raise ClientKeyInvalid(f"A kid may have {MAX_KEY_ID_LENGTH} characters.")
    return {"kid": key.kid, **{name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}}


def _import_key(jwk: Mapping[str, Any]) -> ECKey | RSAKey:
    kind = ECKey if jwk["kty"] == "EC" else RSAKey
    try:
        return kind.import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ClientKeyInvalid("The JWK cannot be read.") from error


def _credentials(client_id: str, **proof: str) -> Credentials:
    """Credentials whose id has the form of one; any other claims the empty id, which nobody has."""
    has_form = re.search(CLIENT_ID_PATTERN, client_id) and not client_id.endswith("\n")
    return Credentials(claimed_client_id=client_id if has_form else "", **proof)


def _basic(authorization: str, form_client_id: str | None) -> Credentials:
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ClientRefused("The Authorization header is not Basic.") from error
    if scheme.lower() != "basic" or not colon:
        raise ClientRefused("The Authorization header is not Basic.")
    claimed = unquote_plus(client_id)
    if form_client_id not in {None, claimed}:
        raise OAuthRequestInvalid("client_id differs from the one in the Authorization header.")
    return _credentials(claimed, secret=unquote_plus(secret))


def _claimed_subject(assertion: str) -> str:
    try:
        claims = extract_compact(assertion.encode()).payload
        return _AssertionClaims.model_validate_json(claims).sub
    except (JoseError, ValueError, AttributeError) as error:
        raise ClientRefused("The client assertion is no JWT with iss, sub, aud, exp and jti.") from error


def _signed_claims(assertion: str, jwk: Mapping[str, Any]) -> _AssertionClaims:
    key = _import_key(jwk)
    if len(assertion) > MAX_ASSERTION_CHARACTERS:
        raise ClientRefused("The client assertion is too long.")
    try:
        header = extract_compact(assertion.encode()).headers()
        if header.get("kid", jwk["kid"]) != jwk["kid"]:
            raise ClientRefused("The client assertion names a key that is not the client's.")
        if header.get("alg") not in ALGORITHMS[jwk["kty"]]:
            raise ClientRefused(f"Sign the client assertion with {' or '.join(ALGORITHMS[jwk['kty']])}.")
        return _AssertionClaims.model_validate(jwt.decode(assertion, key, algorithms=[header["alg"]]).claims)
    except ValidationError as error:
        raise ClientRefused("The client assertion lacks iss, sub, aud, exp or jti.") from error
    except (JoseError, ValueError, TypeError) as error:
        raise ClientRefused("The client assertion's signature does not verify.") from error


def _check_times(claims: _AssertionClaims, now: datetime) -> datetime:
    seconds, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    if claims.exp <= seconds - skew:
        raise ClientRefused("The client assertion has expired.")
    if claims.exp > seconds + ASSERTION_LIFETIME.total_seconds() + skew:
        raise ClientRefused("The client assertion must expire within 5 minutes.")
    if max(claims.iat or 0, claims.nbf or 0) > seconds + skew:
        raise ClientRefused("The client assertion is not good yet; compare the clocks.")
    return datetime.fromtimestamp(claims.exp, UTC)


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_SCRYPT["n"], r=_SCRYPT["r"], p=_SCRYPT["p"], dklen=32)
