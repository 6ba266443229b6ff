"""Remote keys: made here, kept here."""

from fastapi import APIRouter, Response, status

from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, Issuer, WithResources
from lienthong.signing.api.shapes import RemoteKeyRequest, RemoteKeyShape
from lienthong.signing.usecases.create_remote_key import create_remote_key

router = APIRouter(prefix="/v1/remote-keys", tags=["remote keys"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Make an agency's remote key",
    responses={
        200: {"model": RemoteKeyShape, "description": "The agency has a usable key already"},
        **problem_responses(
            *TOKEN_PROBLEMS,
            InvalidRequest,
            RequestTooLarge,
            errors.SubjectInvalid,
            errors.ProfileNotAllowed,
            errors.NotInitialised,
            errors.KeyStoreUnavailable,
        ),
    },
)
async def create(
    order: RemoteKeyRequest, caller: Issuer, resources: WithResources, response: Response
) -> RemoteKeyShape:
    """A key and its certificate; the key never leaves.

    An agency with a usable key keeps it; ``node`` then says who may ask for its signatures from now on.
    """
    node = NodeId(order.node) if order.node else None
    made = await create_remote_key(resources, AgencyCode(order.agency), name=order.name, node=node, caller=caller)
    if not made.created:
        response.status_code = status.HTTP_200_OK
    return RemoteKeyShape.of(made)
