"""The recipient's side: peek into the inbox, claim, answer for what was claimed."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lienthong.exchange.api.authorization import Caller, InboxOwner, WithFactory
from lienthong.exchange.api.models import ClaimRequest, ClaimsAnswer, CodeText, InboxPage
from lienthong.exchange.api.positions import inbox_cursor, inbox_position
from lienthong.exchange.api.presenting import shown_claim, shown_waiting
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.domain.listings import InboxQuery
from lienthong.exchange.errors import AgencyNotServed
from lienthong.exchange.usecases.claim_deliveries import claim_deliveries
from lienthong.exchange.usecases.list_inbox import MAX_WAIT, Patience, list_inbox
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.paging import DEFAULT_PAGE, CursorInvalid, PageCursor, PageLimit, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])

Wait = Annotated[int, Query(ge=0, le=int(MAX_WAIT.total_seconds()), description="Seconds to wait for something")]


def served_agencies(caller: Caller, code: str | None) -> tuple[AgencyCode, ...]:
    """The agency ``code``, which must be served here; None: all that the caller may act for."""
    return caller.agencies() if code is None else (caller.require_local_agency(code).code,)


@router.get(
    "",
    summary="Peek into the inbox",
    responses=problem_responses(*CALLER_ERRORS, AgencyNotServed, CursorInvalid, InvalidRequest),
)
async def peek(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    caller: InboxOwner,
    agency: CodeText | None = None,
    kind: DocumentKind | None = None,
    wait: Wait = 0,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> InboxPage:
    """What waits for your agencies, the most urgent first; with ``wait``, answers as soon as there is something."""
    agencies, (after, is_again) = served_agencies(caller, agency), inbox_position(cursor)
    query = InboxQuery(agencies=agencies, kind=kind, limit=limit, after=after, in_redeliveries=is_again)
    patience = Patience(wait=timedelta(seconds=wait), gave_up=lambda: gave_up(request))
    page = await list_inbox(query, factory, patience=patience)
    following = inbox_cursor(page)
    link_next(request, response, following)
    return InboxPage(items=tuple(shown_waiting(item, caller.directory) for item in page.items), next=following)


@router.post(
    "/claims",
    summary="Claim deliveries",
    responses=problem_responses(*CALLER_ERRORS, AgencyNotServed, InvalidRequest, RequestTooLarge),
)
async def claim(wanted: ClaimRequest, *, factory: WithFactory, caller: InboxOwner) -> ClaimsAnswer:
    """Gives you waiting deliveries, the most urgent first, for ``lease_seconds``; nobody else gets them meanwhile.

    Download each document, take it into your system, then acknowledge the delivery with its ``lease_token``.
    A lease that lapses returns the delivery to the inbox.
    """
    agencies = served_agencies(caller, wanted.agency)
    query = InboxQuery(agencies=agencies, kind=wanted.kind, limit=wanted.limit)
    lease = timedelta(seconds=wanted.lease_seconds)
    claims = await claim_deliveries(query, factory, client_id=caller.client_id, lease=lease)
    return ClaimsAnswer(claims=tuple(shown_claim(one, caller.directory) for one in claims))


async def gave_up(request: Request) -> bool:
    """Whether the client went away, or the process is about to."""
    return bool(getattr(request.app.state, "stopping", False)) or await request.is_disconnected()
