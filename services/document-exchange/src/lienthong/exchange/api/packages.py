"""``GET /v1/packages/{sha256}``: other nodes fetch packages that do not travel in the message."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.downloads import RANGE_RESPONSES, send_package
from lienthong.exchange.domain.retention import PackageExpired
from lienthong.exchange.errors import DirectoryMissing, PullNotAllowed, TrustListMissing
from lienthong.exchange.usecases.hand_out_package import hand_out_package
from lienthong.shared.blobs import BlobMissing, BlobStoreUnavailable
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.identifiers import Sha256
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import TokenMissing

router = APIRouter(prefix="/v1/packages", tags=["nodes"])

_seal = HTTPBearer(
    auto_error=False, scheme_name="NodeSeal", description="A request sealed by a node: JWS of type lienthong-pull+jws"
)
REFUSALS = (
    TokenMissing,
    PullNotAllowed,
    BlobMissing,
    PackageExpired,
    BlobStoreUnavailable,
    DirectoryMissing,
    TrustListMissing,
    DatabaseUnavailable,
    InvalidRequest,
)


@router.get(
    "/{sha256}",
    summary="Fetch a package, as a node",
    response_class=Response,
    responses={**RANGE_RESPONSES, **problem_responses(*REFUSALS)},
)
async def pull(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    request: Request,
    *,
    factory: WithFactory,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_seal)],
) -> Response:
    """The package, for a neighbour on whose way a document with it is. Takes ``Range``."""
    if credentials is None:
        raise TokenMissing("Send a request sealed by your node as 'Authorization: Bearer ...'.")
    package = await hand_out_package(credentials.credentials, Sha256(sha256), factory)
    return await send_package(request, package, hop=factory.here)
