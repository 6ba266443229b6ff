"""``/oauth2/token`` and ``/.well-known``: as OAuth clients expect them. Source: RFC 6749, RFC 8414, RFC 7517."""

from collections import Counter
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from lienthong.registry.api.dependencies import FactoryDependency
from lienthong.registry.domain.clients import ALGORITHMS, ASSERTION_TYPE
from lienthong.registry.domain.grants import GRANT_TYPE
from lienthong.registry.errors import OAuthRefusal, OAuthRequestInvalid
from lienthong.registry.usecases.issue_token import TokenRequest
from lienthong.shared.contracts.tokens import TOKEN_LIFETIME, Scope
from lienthong.shared.errors import Unauthenticated
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.problems import status_of

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 32 * 1024
"""A client assertion has about 1 KiB."""
MAX_FORM_FIELDS = 20
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Source: RFC 6749 section 5.1."""
_ERRORS = ["invalid_request", "invalid_scope", "invalid_target", "unsupported_grant_type"]
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": [GRANT_TYPE]},
        "scope": {"type": "string", "example": "documents.write documents.read inbox"},
        "resource": {"type": "string", "example": "urn:lienthong:node:H28.31.05"},
        "client_id": {"type": "string", "example": "eoffice.H28.31.05"},
        "client_secret": {"type": "string"},
        "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
        "client_assertion": {"type": "string", "description": "JWT of RFC 7523, good for at most 5 minutes"},
    },
}

_METADATA_EXAMPLE = {
    "issuer": "https://danhba.example",
    "token_endpoint": "https://danhba.example/oauth2/token",
    "jwks_uri": "https://danhba.example/.well-known/jwks.json",
    "grant_types_supported": ["client_credentials"],
}
_KEYS_EXAMPLE = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "alg": "ES256",
            "kid": "2026-11",
            "x": "f83OJ3D2…",
            "y": "x_FEzRu9…",
        }
    ]
}

router = APIRouter(tags=["oauth"])


class TokenAnswer(BaseModel):
    """An access token. ``expires_in`` is in seconds. Source: RFC 6749 section 5.1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"access_token": "eyJ…", "token_type": "Bearer", "expires_in": 900, "scope": "documents.write inbox"}
            ]
        }
    )
    access_token: str
    token_type: str
    expires_in: int
    scope: str


class OAuthProblem(BaseModel):
    """A refusal. Source: RFC 6749 section 5.2."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": "invalid_client", "error_description": "The client is unknown …"}]}
    )
    error: str
    error_description: str


async def token_request(
    request: Request, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> TokenRequest:
    """The form of a token request. Raises :class:`OAuthRequestInvalid`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthRequestInvalid(f"Send the parameters as {FORM}.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise OAuthRequestInvalid("The token request is too long.")
    try:
        fields = parse_qsl(bytes(body).decode("ascii"), max_num_fields=MAX_FORM_FIELDS, errors="strict")
    except ValueError as error:
        raise OAuthRequestInvalid(f"The body is not {FORM}.") from error
    resources = [value for name, value in fields if name == "resource"]
    single = [(name, value) for name, value in fields if name != "resource"]
    if any(count > 1 for count in Counter(name for name, _ in single).values()):
        raise OAuthRequestInvalid("A parameter is given twice.")
    return TokenRequest(authorization=authorization, form=dict(single), resources=resources)


@router.post(
    "/oauth2/token",
    summary="An access token for a client",
    responses={
        400: {"model": OAuthProblem, "description": f"error is one of {', '.join(_ERRORS)}"},
        401: {"model": OAuthProblem, "description": "error is invalid_client"},
    },
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": _FORM_SCHEMA}}}},
    response_model=TokenAnswer,
)
async def issue_token(
    factory: FactoryDependency, request: Annotated[TokenRequest, Depends(token_request)]
) -> JSONResponse:
    """Client credentials: HTTP Basic, ``client_secret`` in the form, or ``private_key_jwt``.

    ``resource`` says which service the token is for: ``urn:lienthong:registry`` (when it is left out),
    ``urn:lienthong:signing`` or ``urn:lienthong:node:<id>``.
    """
    issued = await factory.token_issuer.issue(request, now=factory.clock(), token_id=new_uuid())
    answer = TokenAnswer(
        access_token=issued.token,
        token_type="Bearer",  # noqa: S106 — a name, not a secret
        expires_in=int(TOKEN_LIFETIME.total_seconds()),
        scope=issued.grant.scope,
    )
    return JSONResponse(answer.model_dump(), headers=NO_STORE)


@router.get(
    "/.well-known/oauth-authorization-server",
    summary="What this authorization server offers",
    responses={200: {"content": {"application/json": {"example": _METADATA_EXAMPLE}}}},
)
async def read_metadata(factory: FactoryDependency) -> dict[str, str | list[str]]:
    """Source: RFC 8414 section 2."""
    settings = factory.settings
    return {
        "issuer": settings.public_url,
        "token_endpoint": settings.token_endpoint,
        "jwks_uri": f"{settings.public_url}/.well-known/jwks.json",
        "grant_types_supported": [GRANT_TYPE],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": [name for names in ALGORITHMS.values() for name in names],
        "scopes_supported": [scope.value for scope in Scope],
        "service_documentation": f"{settings.public_url}/docs",
    }


@router.get(
    "/.well-known/jwks.json",
    summary="The public keys of access tokens",
    responses={200: {"content": {"application/json": {"example": _KEYS_EXAMPLE}}}},
)
async def read_keys(factory: FactoryDependency) -> dict[str, Any]:
    """Source: RFC 7517 section 5."""
    return factory.token_keys.document()


def install_oauth_handler(app: FastAPI) -> None:
    """Shows OAuth's refusals as RFC 6749 section 5.2 has them, instead of as problem documents."""

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OAuthRefusal)  # noqa: S101 — registered for this class only
        headers = {**NO_STORE}
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = 'Basic realm="oauth2"'
        body = {"error": error.error, "error_description": error.detail}
        return JSONResponse(body, status_code=status_of(type(error)), headers=headers)

    app.add_exception_handler(OAuthRefusal, refused)
