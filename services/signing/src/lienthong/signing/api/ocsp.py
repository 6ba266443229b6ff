"""Certificate status, for everybody: ``openssl ocsp`` and any other client of RFC 6960 and RFC 5019."""

import hashlib
from base64 import b64decode
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from lienthong.shared.clients.ocsp import REQUEST_MEDIA_TYPE, RESPONSE_MEDIA_TYPE
from lienthong.shared.problems import problem_responses
from lienthong.shared.spooling import PackageTooLarge
from lienthong.signing import errors
from lienthong.signing.api.access import WithResources
from lienthong.signing.api.bodies import media_type_of, read_bytes
from lienthong.signing.api.publication import MAX_AGE
from lienthong.signing.domain.ocsp import MAX_REQUEST_BYTES
from lienthong.signing.usecases.certificate_status import StatusAnswer, certificate_status

router = APIRouter(tags=["certificate status"])

MAX_PATH_CHARACTERS = 2048
"""Longest request in an address; RFC 5019 section 5 sends longer ones than 255 bytes by POST."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"OCSPRequest in DER, {MAX_REQUEST_BYTES} bytes at most, as `openssl ocsp -reqout` writes it",
        "content": {REQUEST_MEDIA_TYPE: _BINARY},
    }
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OCSPResponse in DER: an answer, or a status that says why there is none",
        "content": {RESPONSE_MEDIA_TYPE: _BINARY},
    }
}
Encoded = Annotated[
    str,
    Path(
        description="OCSPRequest, DER in base64, percent-encoded",
        examples=["MEowSDBGMEQwQjAJBgUrDgMCGgUABBSz8M%2B0"],
    ),
]


@router.post(
    "/ocsp",
    summary="Status of certificates",
    openapi_extra=_BODY,
    response_class=Response,
    responses={**_ANSWER, **problem_responses(errors.UnsupportedMediaType, PackageTooLarge)},
)
async def ask(request: Request, resources: WithResources) -> Response:
    """Good, revoked (with time and reason) or unknown, for certificates of one of our authorities. A nonce is repeated.

    No token of ours is needed to ask.
    """
    if media_type_of(request) != REQUEST_MEDIA_TYPE:
        raise errors.UnsupportedMediaType(f"Send {REQUEST_MEDIA_TYPE}.")
    answer = await certificate_status(resources, await read_bytes(request, limit_bytes=MAX_REQUEST_BYTES))
    return Response(answer.der, media_type=RESPONSE_MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@router.get(
    "/ocsp/{encoded:path}",
    summary="Status of a certificate, cacheable",
    response_class=Response,
    responses=_ANSWER,
)
async def ask_by_address(encoded: Encoded, resources: WithResources) -> Response:
    """The same for a request in the address, so that caches on the way can answer (RFC 5019)."""
    answer = await certificate_status(resources, _decoded(encoded))
    return Response(answer.der, media_type=RESPONSE_MEDIA_TYPE, headers=_headers(answer))


def _decoded(encoded: str) -> bytes:
    """The request; empty, which no request is, when it is too long or not base64."""
    if len(encoded) > MAX_PATH_CHARACTERS:
        return b""
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _headers(answer: StatusAnswer) -> dict[str, str]:
    """What caches go by. Source: RFC 5019 section 6.2."""
    if answer.times is None:
        return {"Cache-Control": "no-store"}
    lifetime = answer.times.next_update - answer.times.this_update
    seconds = int(min(lifetime, MAX_AGE).total_seconds())
    return {
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
        "Last-Modified": format_datetime(answer.times.this_update, usegmt=True),
        "Expires": format_datetime(answer.times.this_update + min(lifetime, MAX_AGE), usegmt=True),
        "ETag": f'"{hashlib.sha256(answer.der).hexdigest()}"',
    }
