"""Time stamps, for everybody: ``openssl ts`` and any other client of RFC 3161."""

from typing import Any

from fastapi import APIRouter, Request, Response

from lienthong.shared.clients.time_stamping import QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE
from lienthong.shared.problems import problem_responses
from lienthong.shared.spooling import PackageTooLarge
from lienthong.signing import errors
from lienthong.signing.api.access import WithResources
from lienthong.signing.api.bodies import media_type_of, read_bytes
from lienthong.signing.domain.time_stamps import MAX_QUERY_BYTES
from lienthong.signing.usecases.stamp import stamp

router = APIRouter(tags=["time stamps"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"TimeStampReq in DER, {MAX_QUERY_BYTES} bytes at most: `openssl ts -query -data FILE -cert`",
        "content": {QUERY_MEDIA_TYPE: _BINARY},
    }
}


@router.post(
    "/tsa",
    summary="Stamp a digest with the time",
    openapi_extra=_BODY,
    response_class=Response,
    responses={
        200: {
            "description": "TimeStampResp in DER: a token, or status rejection with its failure info",
            "content": {REPLY_MEDIA_TYPE: _BINARY},
        },
        **problem_responses(errors.UnsupportedMediaType, PackageTooLarge),
    },
)
async def create(request: Request, resources: WithResources) -> Response:
    """A token over SHA-256, SHA-384 or SHA-512 (RFC 3161, RFC 5816). No token of ours is needed to ask.

    Certificates are in it if `certReq` says so; a nonce is repeated. Serial numbers grow strictly.
    """
    if media_type_of(request) != QUERY_MEDIA_TYPE:
        raise errors.UnsupportedMediaType(f"Send {QUERY_MEDIA_TYPE}.")
    reply = await stamp(resources, await read_bytes(request, limit_bytes=MAX_QUERY_BYTES))
    return Response(reply, media_type=REPLY_MEDIA_TYPE, headers={"Cache-Control": "no-store"})
