"""What a sender asks about a document that it sent: to take it back, to update it, to replace it."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from lienthong.exchange.api.authorization import Caller, WithFactory, Writer
from lienthong.exchange.api.documents import viewer_of
from lienthong.exchange.api.models import RecallRequest
from lienthong.exchange.api.parameters import NamedDocument
from lienthong.exchange.api.submissions import PACKAGE_BODY
from lienthong.exchange.api.submissions import REFUSALS as SUBMISSION_REFUSALS
from lienthong.exchange.api.taking_over import Wishes, sender_of, take_over, taken_over
from lienthong.exchange.domain.amendments import AmendmentKind, AmendmentMismatch, NotAmendable
from lienthong.exchange.domain.deadlines import DeadlineInvalid
from lienthong.exchange.errors import DocumentNotFound, UnsupportedMediaType
from lienthong.exchange.factory import Factory
from lienthong.exchange.usecases.recall_document import (
    RecallOrder,
    RecallRecipientUnknown,
    own_original,
    recall_document,
)
from lienthong.exchange.usecases.submission_answer import SubmissionAnswer
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.problems import InvalidRequest, problem_responses

router = APIRouter(prefix="/v1/documents", tags=["amendments"])

_REFUSALS = (
    *(one for one in SUBMISSION_REFUSALS if one is not DeadlineInvalid),
    DocumentNotFound,
    NotAmendable,
)
AMENDING = (*_REFUSALS, AmendmentMismatch)
RECALLING = (
    *(one for one in _REFUSALS if one is not UnsupportedMediaType),
    RecallRecipientUnknown,
    InvalidRequest,
    RequestTooLarge,
)
Key = Annotated[str | None, Header(description="A repeat with the same key has no effect")]
Sign = Annotated[bool, Query(description="Sign what is built here with the agency's remote key")]


@router.post(
    "/{document}/recall",
    status_code=201,
    summary="Take a document back",
    response_model=SubmissionAnswer,
    responses=problem_responses(*RECALLING),
)
async def recall(
    document: NamedDocument,
    said: RecallRequest,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Key = None,
    sign: Sign = True,
) -> Response:
    """Asks a document back that you sent. The recall is a package of its own (business type 1, status 13).

    Where nobody has claimed the document, it leaves the inbox at once; elsewhere the recipient is asked, and answers 15
    or 16. The document's deliveries show what came of it. To ask again after a refusal, use a new ``Idempotency-Key``.
    """
    order = RecallOrder(
        document=document,
        reason=said.reason,
        recipients=said.recipients,
        sign=sign,
        sender=sender_of(caller),
        key=idempotency_key,
    )
    return taken_over(await recall_document(order, factory, viewer=viewer_of(caller)))


@router.post(
    "/{document}/update",
    status_code=201,
    summary="Update a document",
    response_model=SubmissionAnswer,
    responses=problem_responses(*AMENDING),
    openapi_extra=PACKAGE_BODY,
)
async def update(
    document: NamedDocument,
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Key = None,
    sign: Sign = True,
) -> Response:
    """Sends a new version of a document that you sent; each recipient is asked, and answers 15 or 16.

    A ready package says itself that it updates this document (``BussinessDocType`` 2, ``Bussiness/DocumentId``); a
    multipart header is completed so. The first version stays where it is.
    """
    wishes = Wishes(key=idempotency_key, sign=sign)
    return await _amend(document, request, factory, caller=caller, kind=AmendmentKind.UPDATE, wishes=wishes)


@router.post(
    "/{document}/replace",
    status_code=201,
    summary="Replace a document",
    response_model=SubmissionAnswer,
    responses=problem_responses(*AMENDING),
    openapi_extra=PACKAGE_BODY,
)
async def replace(
    document: NamedDocument,
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    idempotency_key: Key = None,
    sign: Sign = True,
) -> Response:
    """Sends another document in the place of one that you sent.

    A ready package says itself what it replaces (``BussinessDocType`` 3, ``ReplacementInfo``); a multipart header is
    completed so. Where nobody has claimed the first one, only the new one is in the inbox; elsewhere the recipient is
    asked, and answers 15 or 16.
    """
    wishes = Wishes(key=idempotency_key, sign=sign)
    return await _amend(document, request, factory, caller=caller, kind=AmendmentKind.REPLACE, wishes=wishes)


async def _amend(
    document: NamedDocument,
    request: Request,
    factory: Factory,
    *,
    caller: Caller,
    kind: AmendmentKind,
    wishes: Wishes,
) -> Response:
    _, named = await own_original(document, factory, viewer=viewer_of(caller), kind=kind)
    amending = Wishes(key=wishes.key, sign=wishes.sign, amends=named)
    return taken_over(await take_over(request, factory, caller, wishes=amending))
