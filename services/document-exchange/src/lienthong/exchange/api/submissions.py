"""``POST /v1/documents``: one door for packages, containers, and headers with files."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from lienthong.exchange.api.authorization import WithFactory, Writer
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.api.taking_over import JSON, MULTIPART, Wishes, take_over, taken_over
from lienthong.exchange.api.uploaded import UPLOADED, UploadedPackage
from lienthong.exchange.domain.amendments import NotTheSender
from lienthong.exchange.domain.deadlines import DeadlineInvalid, deadline_in
from lienthong.exchange.domain.uploads import UploadBusy, UploadConsumed, UploadIncomplete, UploadNotFound
from lienthong.exchange.errors import (
    AgencyNotServed,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    NoKnownRecipient,
    SenderUnknown,
    SignatureInvalid,
    SubmissionMalformed,
    TrustListMissing,
    UnsupportedMediaType,
)
from lienthong.exchange.usecases.drain_node import NodeDraining
from lienthong.exchange.usecases.submission_answer import SubmissionAnswer
from lienthong.shared.blobs import BlobStoreUnavailable
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.clients.node import DigestMismatch
from lienthong.shared.clients.signing import RemoteKeyMissing, SigningForbidden, SigningRefused, SigningUnavailable
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.edxml import errors as edxml_errors
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.errors import LienthongError
from lienthong.shared.problems import problem_responses
from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable

router = APIRouter(prefix="/v1/documents", tags=["documents"])

PACKAGE_REFUSALS: tuple[type[LienthongError], ...] = tuple(
    kind
    for kind in vars(edxml_errors).values()
    if isinstance(kind, type) and issubclass(kind, LienthongError) and kind.__module__ == edxml_errors.__name__
)
"""Every reason to refuse a package by what it holds."""
REFUSALS: tuple[type[LienthongError], ...] = (
    *CALLER_ERRORS,
    *PACKAGE_REFUSALS,
    TrustListMissing,
    BlobStoreUnavailable,
    SpoolUnavailable,
    InsufficientStorage,
    UnsupportedMediaType,
    SubmissionMalformed,
    NotTheSender,
    DeadlineInvalid,
    PackageTooLarge,
    BodyTruncated,
    SenderUnknown,
    AgencyNotServed,
    NoKnownRecipient,
    SignatureInvalid,
    NodeDraining,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RemoteKeyMissing,
    SigningForbidden,
    SigningRefused,
    SigningUnavailable,
    RequestTooLarge,
    UploadNotFound,
    UploadBusy,
    UploadIncomplete,
    UploadConsumed,
    DigestMismatch,
)

PACKAGE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            EDXML: {"schema": {"type": "string", "format": "binary"}},
            ASICE: {"schema": {"type": "string", "format": "binary"}},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["header"],
                    "properties": {
                        "header": {"type": "string", "description": "JSON: the document's header"},
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            },
            JSON: {"schema": UploadedPackage.model_json_schema(), "example": UPLOADED},
        },
    }
}


@router.post(
    "",
    status_code=201,
    summary="Submit a document or a status",
    response_model=SubmissionAnswer,
    responses=problem_responses(*REFUSALS),
    openapi_extra=PACKAGE_BODY,
)
async def submit(
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Annotated[str | None, Header(description="A repeat with the same key has no effect")] = None,
    sign: Annotated[bool, Query(description="Of a multipart body: sign with the agency's remote key")] = True,
    lienthong_expires: Annotated[
        str | None,
        Header(description="The deadline, RFC 3339 with offset", examples=["2026-03-02T17:00:00+07:00"]),
    ] = None,
) -> Response:
    """Takes a package over: edXML, an ASiC-E container, an upload, or a header with files, of which one is made.

    The answer holds the receipt. The same submission again, by key or by its bytes, gets the same answer, byte for
    byte, with ``Idempotency-Replayed: true``. With ``Lienthong-Expires``, what a recipient has not claimed by then
    comes back: its delivery is ``fail``, with the reason ``expired``, and nobody gets the document there.
    """
    wishes = Wishes(key=idempotency_key, sign=sign, expires_at=deadline_in(lienthong_expires))
    return taken_over(await take_over(request, factory, caller, wishes=wishes))
