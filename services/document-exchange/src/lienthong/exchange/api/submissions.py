"""``POST /v1/documents``: one door for packages, containers, and headers with files."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from lienthong.exchange.api.authorization import Caller, WithFactory, Writer
from lienthong.exchange.api.receiving import Limits, receive_draft, receive_package
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.domain.submission import Sender
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
from lienthong.exchange.factory import Factory
from lienthong.exchange.usecases.build_package import build_package
from lienthong.exchange.usecases.submission_answer import SubmissionAnswer
from lienthong.exchange.usecases.submit_document import Submission, Submitted, submit_document
from lienthong.shared.blobs import BlobStoreUnavailable
from lienthong.shared.clients.signing import RemoteKeyMissing, SigningForbidden, SigningRefused, SigningUnavailable
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.edxml import errors as edxml_errors
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.errors import LienthongError
from lienthong.shared.problems import problem_responses
from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable

MULTIPART = "multipart/form-data"
ACCEPTED = (EDXML, ASICE, MULTIPART)

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
    PackageTooLarge,
    BodyTruncated,
    SenderUnknown,
    AgencyNotServed,
    NoKnownRecipient,
    SignatureInvalid,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RemoteKeyMissing,
    SigningForbidden,
    SigningRefused,
    SigningUnavailable,
)

_BODY: dict[str, Any] = {
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
        },
    }
}


@router.post(
    "",
    status_code=201,
    summary="Submit a document or a status",
    response_model=SubmissionAnswer,
    responses=problem_responses(*REFUSALS),
    openapi_extra=_BODY,
)
async def submit(
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Annotated[str | None, Header(description="A repeat with the same key has no effect")] = None,
    sign: Annotated[bool, Query(description="Of a multipart body: sign with the agency's remote key")] = True,
) -> Response:
    """Takes a package over: an edXML file, an ASiC-E container, or a header with files, of which one is made.

    The answer holds the receipt. The same submission again, by key or by its bytes, gets the same answer, byte for
    byte, with ``Idempotency-Replayed: true``.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in (EDXML, ASICE):
        submitted = await _whole(request, factory, caller, media_type=media_type, key=idempotency_key)
    elif media_type == MULTIPART:
        submitted = await _drafted(request, factory, caller, sign=sign, key=idempotency_key)
    else:
        raise UnsupportedMediaType(
            f"Send {EDXML}, {ASICE} or {MULTIPART}, and say so in Content-Type.", facts={"accepted": list(ACCEPTED)}
        )
    headers = {"Location": f"/v1/documents/{submitted.record.document_id}"}
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(submitted.record.body, status_code=201, media_type="application/json", headers=headers)


async def _whole(request: Request, factory: Factory, caller: Caller, *, media_type: str, key: str | None) -> Submitted:
    with await receive_package(request, Limits.of(factory)) as spooled:
        submission = Submission(
            spooled=spooled,
            media_type=media_type,
            sender=_sender(caller),
            key=key,
            request_sha256=spooled.sha256,
        )
        return await submit_document(submission, factory)


async def _drafted(request: Request, factory: Factory, caller: Caller, *, sign: bool, key: str | None) -> Submitted:
    sender = _sender(caller)
    async with (
        receive_draft(request, Limits.of(factory)) as draft,
        build_package(draft, factory, sender=sender, sign=sign) as spooled,
    ):
        submission = Submission(
            spooled=spooled,
            media_type=EDXML,
            sender=sender,
            key=key,
            request_sha256=draft.request_sha256(sign=sign),
        )
        return await submit_document(submission, factory)


def _sender(caller: Caller) -> Sender:
    return Sender(client_id=caller.client_id, agency=caller.require_agency(None).code)
