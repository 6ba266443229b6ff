"""``/v1/nodes`` and ``/v1/routes``: the tree of nodes, and the way through it."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import CodeInPath, DirectoryWriter, FactoryDependency
from lienthong.registry.domain.agencies import CODE_PATTERN
from lienthong.registry.domain.nodes import NodeDraft
from lienthong.registry.errors import ActDue, NodeTreeInvalid
from lienthong.registry.usecases.place_nodes import put_nodes
from lienthong.registry.usecases.read_directory import find_route, get_node, list_nodes
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.directory import NodeUnknown
from lienthong.shared.identifiers import NodeId
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

MAI_CHAU: JsonDict = {
    "id": "H28.31",
    "parent": "H28",
    "name": "UBND huyện Mai Châu",
    "level": "district",
    "broker": "hoa-binh",
    "url": "https://mai-chau.example.vn",
}
_DRAFT: JsonDict = {name: value for name, value in MAI_CHAU.items() if name != "id"}

router = APIRouter(prefix="/v1", tags=["nodes"])


class Node(NodeEntry):
    """One node of the tree."""

    model_config = ConfigDict(json_schema_extra={"examples": [MAI_CHAU]})


class NodeList(BaseModel):
    """All nodes, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [MAI_CHAU]}]})
    items: list[NodeEntry]


class Route(BaseModel):
    """The nodes that a document passes, from the first to the last."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"nodes": [MAI_CHAU]}]})
    nodes: list[NodeEntry]


NodeQuery = Annotated[str, Query(pattern=CODE_PATTERN, examples=["H28.31.05"])]


@router.get("/nodes", summary="All nodes")
async def read_nodes(factory: FactoryDependency) -> NodeList:
    """By id; there are some thousands at most, so they come at once."""
    return NodeList(items=await list_nodes(factory.database))


@router.get("/nodes/{code}", summary="A node", responses=problem_responses(NodeUnknown, InvalidRequest))
async def read_node(factory: FactoryDependency, code: CodeInPath) -> Node:
    """A node is named by the code of the agency that runs it."""
    return Node.model_validate((await get_node(factory.database, NodeId(code))).model_dump())


@router.put(
    "/nodes/{code}",
    summary="Add a node, or change it",
    responses={
        201: {"description": "The node is new", "model": Node},
        **problem_responses(
            TokenMissing, TokenInvalid, ScopeMissing, ActDue, NodeTreeInvalid, InvalidRequest, RequestTooLarge
        ),
    },
)
async def write_node(
    *,
    factory: FactoryDependency,
    caller: DirectoryWriter,
    response: Response,
    code: CodeInPath,
    draft: Annotated[NodeDraft, Body(examples=[_DRAFT])],
) -> Node:
    """The body is all of the node. Its parent must be there already."""
    entry = draft.entry(code)
    created = await put_nodes(factory.database, [entry], by=caller.client_id, now=factory.clock())
    response.status_code = 201 if created else 200
    return Node.model_validate(entry.model_dump())


@router.get(
    "/routes",
    summary="The way from one node to another",
    responses=problem_responses(NodeUnknown, InvalidRequest),
)
async def read_route(
    factory: FactoryDependency,
    origin: Annotated[str, Query(alias="from", pattern=CODE_PATTERN, examples=["H28.31.05"])],
    destination: Annotated[str, Query(alias="to", pattern=CODE_PATTERN, examples=["G22"])],
) -> Route:
    """Straight where both sit on one broker; else down towards the destination, or up."""
    return Route(nodes=await find_route(factory.database, NodeId(origin), NodeId(destination)))
