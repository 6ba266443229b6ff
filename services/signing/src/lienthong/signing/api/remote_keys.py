"""Remote keys: made here, kept here."""

from fastapi import APIRouter, Response, status

from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, Issuer, WithResources
from lienthong.signing.api.shapes import RemoteKeyRequest, RemoteKeyShape
from lienthong.signing.usecases.create_remote_key import create_remote_key

router = APIRouter(prefix="/v1/remote-keys", tags=["remote keys"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Make a remote key, or say who may sign with it",
    responses={
        200: {"model": RemoteKeyShape, "description": "There is a usable key already; the terms hold from now on"},
        **problem_responses(
            *TOKEN_PROBLEMS,
            InvalidRequest,
            RequestTooLarge,
            errors.SubjectInvalid,
            errors.EnrolmentInvalid,
            errors.ProfileNotAllowed,
            errors.ApprovalRequired,
            errors.NotInitialised,
            errors.KeyStoreUnavailable,
        ),
    },
)
async def create(
    order: RemoteKeyRequest, caller: Issuer, resources: WithResources, response: Response
) -> RemoteKeyShape:
    """A key and its certificate; the key never leaves.

    A usable key is kept; ``node`` and ``signers`` then say who may ask for its signatures from now on. A key that is
    not there yet takes a second person: ask for it at ``/v1/enrolments``.
    """
    made = await create_remote_key(resources, order.subject(), order.terms(), caller=caller)
    if not made.created:
        response.status_code = status.HTTP_200_OK
    return RemoteKeyShape.of(made)
