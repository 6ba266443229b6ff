"""Two interfaces of provincial front ends: secrets in headers, and OAuth 2.0 with ``/vanbans``.

They mean what the national SDK's operations mean, with other ways to say who calls and what for.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from lienthong.exchange.api.authorization import Caller, InboxOwner, WithFactory, Writer
from lienthong.exchange.api.receiving import Limits, pieces_of
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.api.submissions import REFUSALS
from lienthong.exchange.api.vxp import listing, sending, taking
from lienthong.exchange.api.vxp.calling import Answer, Call, Handler, call_of
from lienthong.exchange.api.vxp.door import ENVELOPES
from lienthong.exchange.api.vxp.enveloping import enveloped
from lienthong.exchange.domain.leases import DeliveryNotFound, LeaseLost
from lienthong.exchange.domain.vxp.answers import succeeded
from lienthong.exchange.domain.vxp.call import VerifiedCall, verify_secret
from lienthong.exchange.domain.vxp.files import check_file_hash
from lienthong.exchange.domain.vxp.operations import Operation, ParameterInvalid
from lienthong.exchange.domain.vxp.systems import System
from lienthong.exchange.errors import DocumentNotFound
from lienthong.exchange.factory import Factory
from lienthong.shared.blobs import BlobMissing
from lienthong.shared.edxml.base64_stream import Base64Decoder, NotBase64
from lienthong.shared.edxml.errors import BadBase64
from lienthong.shared.problems import InvalidRequest, problem_responses

SYSTEM_HEADER: Final = "x-systemid"
SECRET_HEADER: Final = "x-secretkey"  # noqa: S105 — its name, not its value

with_secrets = APIRouter(prefix="/v1", tags=["provincial front ends"])
with_tokens = APIRouter(prefix="/vanbans", tags=["provincial front ends"])

_TEXT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string", "format": "byte"}, "example": "PD94bWwgdmVyc2lvbj0i…"}},
    }
}
NamedDoc = Annotated[str, Path(description="docId of a list", examples=["0199c3f2-5b1e-7c3a-9d44-1f2e3d4c5b6a"])]
StatusWord = Annotated[str, Query(description="INITIAL, PROCESSING, DONE or FAIL", examples=["DONE"])]


@with_secrets.post("/sendEdoc", summary="Send, with a secret in a header", response_class=Response, responses=ENVELOPES)
async def send(request: Request, *, factory: WithFactory) -> Response:
    """``X-SystemId``, ``X-SecretKey``, and the file as the part ``file_doc`` of a ``multipart/form-data`` body."""
    return await _shown(Operation.SEND_EDOC, _send_part, request, factory)


@with_secrets.post(
    "/syncReceivedEdocList", summary="List, with a secret in a header", response_class=Response, responses=ENVELOPES
)
async def list_received(request: Request, *, factory: WithFactory) -> Response:
    """As ``getReceivedEdocList``; parameters are headers or stand in the query."""
    return await _shown(Operation.GET_RECEIVED_EDOC_LIST, listing.get_received_edoc_list, request, factory)


@with_secrets.post("/getEdoc", summary="Get, with a secret in a header", response_class=Response, responses=ENVELOPES)
async def get(request: Request, *, factory: WithFactory) -> Response:
    """As ``getEdoc``: the file as base64 in the envelope."""
    return await _shown(Operation.GET_EDOC, taking.get_edoc, request, factory)


@with_secrets.post(
    "/updateStatus", summary="Answer, with a secret in a header", response_class=Response, responses=ENVELOPES
)
async def update(request: Request, *, factory: WithFactory) -> Response:
    """As ``updateStatus``."""
    return await _shown(Operation.UPDATE_STATUS, taking.update_status, request, factory)


async def _shown(operation: Operation, handler: Handler, request: Request, factory: Factory) -> Response:
    async def act() -> Answer:
        return await handler(_with_secret(request, factory))

    return await enveloped(act, operation=operation)


def _with_secret(request: Request, factory: Factory) -> Call:
    """The call of a system that shows its secret. Raises :class:`CallRefused`, ``SystemsMissing``."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    system = verify_secret(
        headers.get(SYSTEM_HEADER, ""),
        headers.get(SECRET_HEADER, ""),
        find_system=factory.systems.current().find,
        now=factory.clock(),
    )
    return call_of(VerifiedCall(system=system, parameters=headers | dict(request.query_params)), request, factory)


async def _send_part(call: Call) -> Answer:
    async with AsyncExitStack() as stack:
        spooled = stack.enter_context(await sending.receive_part(call, stack))
        if claimed := call.parameter("hash-file"):
            check_file_hash(claimed, spooled.sha256)
        return await sending.submit_file(spooled, call)


@with_tokens.get(
    "",
    summary="List, with a token",
    responses={200: ENVELOPES[200], **problem_responses(*CALLER_ERRORS, ParameterInvalid, InvalidRequest)},
)
async def documents(request: Request, *, factory: WithFactory, caller: InboxOwner) -> dict[str, Any]:
    """What arrived for your agencies.

    The query may have ``status``, ``messagetype``, ``fromDate``, ``toDate``, ``pageSize`` and ``pageIndex``.
    """
    return _envelope(await listing.get_received_edoc_list(_with_token(request, factory, caller)))


@with_tokens.post(
    "",
    summary="Send, with a token",
    responses={200: ENVELOPES[200], **problem_responses(*REFUSALS)},
    openapi_extra=_TEXT,
)
async def document(request: Request, *, factory: WithFactory, caller: Writer) -> dict[str, Any]:
    """The body is the edXML file in base64. The same file again gets the same ``DocId``."""
    call = _with_token(request, factory, caller)
    limits = Limits.of(factory)
    limits.check(request.headers)
    with await sending.spool_for(_decoded(pieces_of(request)), call) as spooled:
        return _envelope(await sending.submit_file(spooled, call))


@with_tokens.get(
    "/{doc_id}",
    summary="Get, with a token",
    response_class=Response,
    responses={
        200: ENVELOPES[200],
        **problem_responses(*CALLER_ERRORS, DocumentNotFound, DeliveryNotFound, BlobMissing),
    },
)
async def one_document(doc_id: NamedDoc, request: Request, *, factory: WithFactory, caller: InboxOwner) -> Response:
    """The edXML file as base64 in the member ``data``."""
    answer = await taking.get_edoc(_with_token(request, factory, caller, docId=doc_id))
    return answer if isinstance(answer, Response) else JSONResponse(succeeded(**answer))


@with_tokens.put(
    "/{doc_id}",
    summary="Answer, with a token",
    responses={
        200: ENVELOPES[200],
        **problem_responses(*CALLER_ERRORS, DeliveryNotFound, LeaseLost, ParameterInvalid, InvalidRequest),
    },
)
async def answered(
    doc_id: NamedDoc, status: StatusWord, request: Request, *, factory: WithFactory, caller: InboxOwner
) -> dict[str, Any]:
    """What your system made of the document: ``PROCESSING``, ``DONE`` or ``FAIL``."""
    call = _with_token(request, factory, caller, docId=doc_id, status=status)
    return _envelope(await taking.update_status(call))


def _with_token(request: Request, factory: Factory, caller: Caller, **more: str) -> Call:
    agency = caller.require_agency(None).code
    system = System(system_id=caller.client_id, client_id=caller.client_id, agency=agency, secrets=())
    parameters = dict(request.query_params) | more
    return Call(
        verified=VerifiedCall(system=system, parameters=parameters), caller=caller, request=request, factory=factory
    )


def _envelope(answer: Answer) -> dict[str, Any]:
    return succeeded(**answer) if isinstance(answer, dict) else {}


async def _decoded(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    decoder = Base64Decoder()
    try:
        async for piece in pieces:
            yield decoder.feed(piece)
        decoder.finish()
    except NotBase64 as error:
        raise BadBase64("Send the file in base64 (RFC 4648, with padding), and nothing else.") from error
