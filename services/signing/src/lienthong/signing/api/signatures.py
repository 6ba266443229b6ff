"""Signatures with remote keys. An agency signs with its own; a node, with those that were made for it to use."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from lienthong.shared.clients.signing import RemoteKeyMissing
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.signatures.pades import Level, PDFNotSignable
from lienthong.shared.signatures.pades_appearances import MAX_SHOWN_CHARACTERS
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
from lienthong.signing.usecases.sign_document import Wishes, sign_document

router = APIRouter(prefix="/v1/signatures", tags=["signatures"])

JSON = "application/json"
AgencyQuery = Annotated[
    str | None, Query(max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN, description="With a PDF: whose signature")
]
OfficerQuery = Annotated[
    str | None, Query(max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN, description="With a PDF: the agency's officer")
]
FormatQuery = Annotated[str | None, Query(pattern="^pades$", description="With a PDF: 'pades'")]
LevelQuery = Annotated[Level, Query(description="Of a PDF signature; lower where no time stamp can be had")]
VisibleQuery = Annotated[bool, Query(description="Of a PDF signature: drawn as Decree 30/2020 asks")]
DocumentCodeQuery = Annotated[
    str,
    Query(max_length=MAX_SHOWN_CHARACTERS, description="Under a seal: number and symbol", examples=["181/KH-UBND"]),
]
LEVEL_HEADER = "Signature-Level"
"""Tells the level that a PDF's signature has reached."""
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
        200: {
            "content": {PDF: _BINARY},
            "headers": {LEVEL_HEADER: {"description": "The level of a PDF's signature", "schema": {"type": "string"}}},
        },
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
            InsufficientStorage,
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
    level: LevelQuery = Level.B_B,
    visible: VisibleQuery = False,
    document_code: DocumentCodeQuery = "",
) -> Response:
    """JSON with bytes to be signed as they are (``raw``), or a PDF to be signed (``?agency=…&format=pades``).

    The caller's token names the agency itself; or the caller is the node that the agency's key was made for.
    """
    match media_type_of(request):
        case "application/json":
            return await _sign_raw(request, caller, resources)
        case "application/pdf" if agency is not None and format is not None:
            whose = (AgencyCode(agency), officer or AGENCY_ITSELF)
            wishes = Wishes(level=level, visible=visible, document_code=document_code)
            return await _sign_pdf(request, caller, resources, whose=whose, wishes=wishes)
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
    request: Request, caller: Principal, resources: Resources, *, whose: tuple[AgencyCode, str], wishes: Wishes
) -> Response:
    with await spool_body(request, resources, limit_bytes=resources.settings.max_pdf_bytes) as body:
        out = body.path.with_name(f"{body.path.name}.signed")
        try:
            order = SignatureOrder(agency=whose[0], officer=whose[1], format="pades", digest=body.sha256)
            reached = await sign_document(resources, order, body.path, out=out, caller=caller, wishes=wishes)
            signed = open_and_unlink(out)
        finally:
            out.unlink(missing_ok=True)
    headers = {"Content-Length": str(size_of(signed)), LEVEL_HEADER: reached}
    return StreamingResponse(pieces_of(signed), media_type=PDF, headers=headers)
