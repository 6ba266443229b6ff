"""``/v1/nodes/{code}/systems``: for the node itself, the systems that may call it, with their secrets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from lienthong.registry.api.dependencies import CodeInPath, FactoryDependency
from lienthong.registry.api.directory import JOSE
from lienthong.shared.contracts.systems import SYSTEMS_TYPE
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.errors import Forbidden
from lienthong.shared.identifiers import NodeId
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import Principal, ScopeMissing, TokenInvalid, TokenMissing, require

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])


class NotThatNode(Forbidden):
    """A node reads its own systems, and those of no other."""

    code = "not-that-node"
    title = "Only the node itself may read this"


@router.get(
    "/{code}/systems",
    summary="The systems that may call a node",
    response_class=Response,
    responses={
        200: {
            "description": "Compact JWS of type lienthong-systems+jws; it holds secrets",
            "content": {JOSE: {"schema": {"type": "string"}, "example": "eyJhbGciOiJFUzI1NiIsInR5cCI6…"}},
        },
        **problem_responses(TokenMissing, TokenInvalid, ScopeMissing, NotThatNode, InvalidRequest),
    },
)
async def read_node_systems(
    factory: FactoryDependency,
    code: CodeInPath,
    caller: Annotated[Principal, Depends(require(Scope.SYSTEMS_READ))],
) -> Response:
    """For the client ``node.<id>`` of that node. A node goes on with what it holds while the registry is away."""
    if caller.client_id != f"node.{code}":
        raise NotThatNode(f"Only the client node.{code} reads the systems of {code}.")
    found = await factory.systems.of_node(NodeId(code), now=factory.clock())
    return Response(factory.seal_key.seal(SYSTEMS_TYPE, found), media_type=JOSE, headers={"Cache-Control": "no-store"})
