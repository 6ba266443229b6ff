"""The recipients' answers to a document."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from lienthong.exchange.api.authorization import WithFactory, Writer
from lienthong.exchange.api.models import StatusRequest
from lienthong.exchange.api.parameters import NamedDocument
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.api.taking_over import sender_of, taken_over
from lienthong.exchange.domain.amendments import NothingAsked
from lienthong.exchange.domain.business_status import RefusalWithoutReason, StatusCodeNotAllowed
from lienthong.exchange.domain.status_header import StatusAnswer, StatusNotAnswerable
from lienthong.exchange.errors import (
    AgencyNotServed,
    DocumentNotFound,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    NoKnownRecipient,
    TrustListMissing,
)
from lienthong.exchange.usecases.post_status import NotARecipient, StatusOrder, post_status
from lienthong.exchange.usecases.submission_answer import SubmissionAnswer
from lienthong.shared.blobs import BlobStoreUnavailable
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.edxml.errors import NotWritable
from lienthong.shared.edxml.model import StaffInfo
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.spooling import SpoolUnavailable

router = APIRouter(prefix="/v1/documents", tags=["statuses"])

REFUSALS = (
    *CALLER_ERRORS,
    TrustListMissing,
    BlobStoreUnavailable,
    DocumentNotFound,
    NotARecipient,
    AgencyNotServed,
    StatusNotAnswerable,
    StatusCodeNotAllowed,
    RefusalWithoutReason,
    NothingAsked,
    NotWritable,
    SpoolUnavailable,
    InsufficientStorage,
    NoKnownRecipient,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InvalidRequest,
    RequestTooLarge,
)


@router.post(
    "/{document}/statuses",
    status_code=201,
    summary="Answer a document with a status",
    response_model=SubmissionAnswer,
    responses=problem_responses(*REFUSALS),
)
async def post(
    document: NamedDocument,
    said: StatusRequest,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Answers a document that you received: 01 to 06. The answer travels to its sender as a package of its own.

    To a recall, update or replacement the answer is 15 (agreed) or 16 (refused); the address names the document that is
    asked about, or the package that asks.

    The same request again is answered as before, with ``Idempotency-Replayed: true``. A late answer is kept in the
    timeline and moves nothing backwards.
    """
    order = StatusOrder(
        document=document,
        agency=caller.require_local_agency(said.agency),
        answer=_answer(said),
        sender=sender_of(caller),
        key=idempotency_key,
    )
    return taken_over(await post_status(order, factory))


def _answer(said: StatusRequest) -> StatusAnswer:
    staff = StaffInfo(**said.staff.model_dump()) if said.staff else None
    return StatusAnswer(code=said.code, description=said.description, staff=staff)
