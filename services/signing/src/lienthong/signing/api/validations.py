"""Validation reports: what is to be said about the signatures of a file."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.signatures.file_validation import MEDIA_TYPES
from lienthong.shared.signatures.report import Report
from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, Validator, WithResources
from lienthong.signing.api.bodies import media_type_of, spool_body
from lienthong.signing.api.reports import ANSWERS, answer
from lienthong.signing.usecases.validate import require_supported, validate

router = APIRouter(prefix="/v1/validations", tags=["validations"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _BINARY)}}
At = Annotated[
    AwareDatetime | None,
    Query(description="The moment to judge at; now if left out", examples=["2026-03-02T08:00:00Z"]),
]
Digest = Annotated[
    str | None,
    Query(
        pattern="^([0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$",
        description="SHA-256, SHA-384 or SHA-512, in hexadecimal, of what a detached CMS signature is over",
    ),
]


@router.post(
    "",
    summary="Validate signatures",
    openapi_extra=_BODY,
    response_model=Report,
    responses={
        **ANSWERS,
        **problem_responses(
            *TOKEN_PROBLEMS,
            InvalidRequest,
            errors.UnsupportedMediaType,
            errors.NotInitialised,
            PackageTooLarge,
            BodyTruncated,
            SpoolUnavailable,
            InsufficientStorage,
        ),
    },
)
async def create(
    request: Request, _caller: Validator, resources: WithResources, *, at: At = None, digest: Digest = None
) -> Response:
    """A report in the words of ETSI EN 319 102-1: TOTAL-PASSED, INDETERMINATE or TOTAL-FAILED, with each check.

    A signature that fails, or a file that cannot be read, is not an error here: the report says so. Of what a detached
    CMS signature (CAdES) is over, only the digest is needed: `?digest=…`.
    """
    media_type = require_supported(media_type_of(request))
    with await spool_body(request, resources, limit_bytes=resources.settings.max_validation_bytes) as body:
        report = await validate(resources, body.path, media_type=media_type, at=at, digest=bytes.fromhex(digest or ""))
    return await answer(report, request)
