"""Signatures with remote keys. An agency signs with its own; a node, with those that were made for it to use."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from lienthong.shared.clients.signing import RemoteKeyMissing
from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.signatures.pades import PDFNotSignable
from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable
from lienthong.shared.tokens import Principal
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, Signer, WithResources
from lienthong.signing.api.bodies import (
    media_type_of,
    open_and_unlink,
    pieces_of,
    read_json,
    size_of,
    spool_body,
)
from lienthong.signing.api.shapes import CODE_PATTERN, SignatureRequest, SignatureShape
from lienthong.signing.domain.records import AGENCY_ITSELF
from lienthong.signing.domain.signature_log import SignatureOrder
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.sign import sign_raw
from lienthong.signing.usecases.sign_document import sign_document

router = APIRouter(prefix="/v1/signatures", tags=["signatures"])

JSON = "application/json"
AgencyQuery = Annotated[
    str | None, Query(max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN, description="With a PDF: whose signature")
]
OfficerQuery = Annotated[
    str | None, Query(max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN, description="With a PDF: the agency's officer")
]
FormatQuery = Annotated[str | None, Query(pattern="^pades$", description="With a PDF: 'pades'")]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": SignatureRequest.model_json_schema()}, PDF: _BINARY},
    }
}


@router.post(
    "",
    summary="Sign with an agency's remote key",
    response_model=SignatureShape,
    openapi_extra=_BODY,
    responses={
        200: {"content": {PDF: _BINARY}},
        **problem_responses(
            *TOKEN_PROBLEMS,
            InvalidRequest,
            errors.SignatureRequestInvalid,
            errors.UnsupportedMediaType,
            errors.SigningNotAllowed,
            RemoteKeyMissing,
            errors.TooManySignatures,
            PDFNotSignable,
            PackageTooLarge,
            BodyTruncated,
            SpoolUnavailable,
        ),
    },
)
async def sign(
    request: Request,
    caller: Signer,
    resources: WithResources,
    *,
    agency: AgencyQuery = None,
    officer: OfficerQuery = None,
    format: FormatQuery = None,  # noqa: A002 — its name on the wire
) -> Response:
    """JSON with bytes to be signed as they are (``raw``), or a PDF to be signed (``?agency=…&format=pades``).

    The caller's token names the agency itself; or the caller is the node that the agency's key was made for.
    """
    match media_type_of(request):
        case "application/json":
            return await _sign_raw(request, caller, resources)
        case "application/pdf" if agency is not None and format is not None:
            return await _sign_pdf(request, caller, resources, agency=AgencyCode(agency), officer=officer)
        case "application/pdf":
            raise errors.SignatureRequestInvalid("Say whose signature it is: '?agency=…&format=pades'.")
        case _:
            raise errors.UnsupportedMediaType("Send application/json, or application/pdf.")


async def _sign_raw(request: Request, caller: Principal, resources: Resources) -> Response:
    order = await read_json(request, SignatureRequest)
    signature = await sign_raw(
        resources, AgencyCode(order.agency), order.data, officer=order.officer or AGENCY_ITSELF, caller=caller
    )
    return JSONResponse(SignatureShape.of(signature).model_dump(mode="json"))


async def _sign_pdf(
    request: Request, caller: Principal, resources: Resources, *, agency: AgencyCode, officer: str | None
) -> Response:
    with await spool_body(request, resources, limit_bytes=resources.settings.max_pdf_bytes) as body:
        out = body.path.with_name(f"{body.path.name}.signed")
        try:
            order = SignatureOrder(agency=agency, officer=officer or AGENCY_ITSELF, format="pades", digest=body.sha256)
            await sign_document(resources, order, body.path, out=out, caller=caller)
            signed = open_and_unlink(out)
        finally:
            out.unlink(missing_ok=True)
    headers = {"Content-Length": str(size_of(signed))}
    return StreamingResponse(pieces_of(signed), media_type=PDF, headers=headers)
