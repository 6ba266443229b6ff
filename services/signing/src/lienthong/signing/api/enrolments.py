"""Enrolments: one person asks for a certificate, another approves or rejects it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, AnyCaller, Approver, Issuer, WithResources
from lienthong.signing.api.enrolment_shapes import DecisionRequest, EnrolmentPage, EnrolmentRequest, EnrolmentShape
from lienthong.signing.domain.enrolment import EnrolmentId, EnrolmentState
from lienthong.signing.usecases.decide_enrolment import decide_enrolment
from lienthong.signing.usecases.read_enrolments import page_of_enrolments, read_enrolment
from lienthong.signing.usecases.request_enrolment import request_enrolment

router = APIRouter(prefix="/v1/enrolments", tags=["enrolments"])

IdPath = Annotated[
    EnrolmentId,
    Path(pattern=r"^[0-9a-f-]{36}$", description="UUIDv7", examples=["01900000-0000-7000-8000-000000000000"]),
]
_DECISION_PROBLEMS = problem_responses(
    *TOKEN_PROBLEMS,
    InvalidRequest,
    RequestTooLarge,
    errors.SubjectInvalid,
    errors.EnrolmentUnknown,
    errors.ApprovalNotAllowed,
    errors.EnrolmentDecided,
    errors.EnrolmentExpired,
    errors.NotInitialised,
    errors.KeyOffline,
    errors.KeyStoreUnavailable,
)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Ask for a certificate that a second person approves",
    responses=problem_responses(
        *TOKEN_PROBLEMS,
        InvalidRequest,
        RequestTooLarge,
        errors.EnrolmentInvalid,
        errors.CSRInvalid,
        errors.KeyNotAllowed,
        errors.SubjectInvalid,
        errors.ProofOfPossessionInvalid,
        errors.ProfileNotAllowed,
        errors.TooManyEnrolments,
    ),
)
async def ask(order: EnrolmentRequest, caller: Issuer, resources: WithResources, response: Response) -> EnrolmentShape:
    """For the key of a CSR, or with a key that is made and kept here. Names and extensions in the CSR do not count.

    Undecided, it expires.
    """
    made = await request_enrolment(resources, order.order(), caller=caller)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return EnrolmentShape.of(made, now=made.requested_at)


@router.get("", summary="Enrolments", responses=problem_responses(*TOKEN_PROBLEMS, CursorInvalid, InvalidRequest))
async def listing(
    request: Request,
    response: Response,
    caller: AnyCaller,
    *,
    resources: WithResources,
    state: Annotated[EnrolmentState | None, Query(description="Only those in this state")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> EnrolmentPage:
    """In the order of asking: an agency's own, a node's own, all for an operator."""
    found, following = await page_of_enrolments(resources, state=state, limit=limit, cursor=cursor, caller=caller)
    link_next(request, response, following)
    now = resources.clock()
    return EnrolmentPage(items=[EnrolmentShape.of(one, now=now) for one in found], next=following)


@router.get(
    "/{id}",
    summary="One enrolment",
    responses=problem_responses(*TOKEN_PROBLEMS, errors.EnrolmentUnknown, InvalidRequest),
)
async def one(id: IdPath, caller: AnyCaller, resources: WithResources) -> EnrolmentShape:  # noqa: A002 — its name
    """With its decision, and the serial number of the certificate that came of it."""
    return EnrolmentShape.of(await read_enrolment(resources, id, caller=caller), now=resources.clock())


@router.post("/{id}/approval", summary="Approve an enrolment", responses=_DECISION_PROBLEMS)
async def approve(
    id: IdPath,  # noqa: A002 — its name on the wire
    order: DecisionRequest,
    decider: Approver,
    *,
    resources: WithResources,
) -> EnrolmentShape:
    """By an operator who did not ask for it; the certificate is issued at once. Repeating it changes nothing."""
    decided = await decide_enrolment(resources, id, approved=True, reason=order.reason, decider=decider)
    return EnrolmentShape.of(decided, now=resources.clock())


@router.post("/{id}/rejection", summary="Reject an enrolment", responses=_DECISION_PROBLEMS)
async def reject(
    id: IdPath,  # noqa: A002 — its name on the wire
    order: DecisionRequest,
    decider: Approver,
    *,
    resources: WithResources,
) -> EnrolmentShape:
    """By an operator who did not ask for it. Repeating it changes nothing."""
    decided = await decide_enrolment(resources, id, approved=False, reason=order.reason, decider=decider)
    return EnrolmentShape.of(decided, now=resources.clock())
