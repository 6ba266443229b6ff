"""Where this node's messages go, and what operators may do about it."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import ConfigDict, Field

from lienthong.exchange.api.acts import ActRequest
from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import Operator, WithFactory
from lienthong.exchange.api.models import Shape
from lienthong.exchange.domain.acts import Order
from lienthong.exchange.factory import Factory
from lienthong.exchange.usecases.steer_destinations import (
    DestinationUnknown,
    Steering,
    list_destinations,
    steer_destination,
)
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox import DestinationState
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/destinations", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

NODE_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_DESTINATION: Final[dict[str, Any]] = {
    "node": "H28",
    "backlog": 181,
    "sent": 64,
    "oldest_at": "2026-11-20T02:58:41Z",
    "attempts": 7,
    "next_attempt_at": "2026-11-20T03:04:11Z",
    "last_error": "bus-unavailable",
    "paused": False,
    "by_priority": [{"priority": 3, "backlog": 7}, {"priority": 0, "backlog": 174}],
}
STEERING_ERRORS = (*OPERATOR_ERRORS, DestinationUnknown, InvalidRequest, RequestTooLarge)


async def destination(node: Annotated[str, Path(description="The node, by its id")]) -> NodeId:
    """The node that the path names. An id that cannot be one is an id that does not exist."""
    if not NODE_ID.fullmatch(node):
        raise DestinationUnknown("There is no node of that name.")
    return NodeId(node)


NamedDestination = Annotated[NodeId, Depends(destination)]


class PriorityAnswer(Shape):
    """How much of one priority waits."""

    priority: int = Field(description="0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hỏa tốc hẹn giờ")
    backlog: int = Field(ge=1)


class DestinationAnswer(Shape):
    """One next hop: what waits for it, and how the last attempts went."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DESTINATION]})

    node: NodeId
    backlog: int = Field(ge=0, description="Messages that it has not acknowledged")
    sent: int = Field(ge=0, description="Of these, those that are with its broker")
    oldest_at: datetime | None = Field(description="Since when the oldest of them waits")
    attempts: int = Field(ge=0, description="Failures since the last success")
    next_attempt_at: datetime | None = Field(description="Null: at once")
    last_error: str | None = Field(description="A problem code")
    paused: bool = Field(description="By an operator")
    by_priority: tuple[PriorityAnswer, ...] = Field(description="The backlog, the most urgent first: its order")


class DestinationsAnswer(Shape):
    """Every next hop that has a backlog, had a failure or is paused, by name."""

    items: tuple[DestinationAnswer, ...]


@router.get("", summary="Where messages go, and what waits", responses=problem_responses(*OPERATOR_ERRORS))
async def destinations(*, factory: WithFactory) -> DestinationsAnswer:
    """The outbox by next hop. A destination that fails is tried again by itself, after growing pauses."""
    return DestinationsAnswer(items=tuple(_shown(one) for one in await list_destinations(factory)))


@router.post("/{node}/pause", summary="Send nothing there", responses=problem_responses(*STEERING_ERRORS))
async def pause(
    node: NamedDestination, said: ActRequest, *, factory: WithFactory, operator: Operator
) -> DestinationAnswer:
    """From the next batch on nothing is sent to that node; what is for it waits in the outbox. Others go on."""
    return await _steered(Steering.PAUSE, node, factory, order=Order(actor=operator.client_id, reason=said.reason))


@router.post("/{node}/resume", summary="Send there again", responses=problem_responses(*STEERING_ERRORS))
async def resume(
    node: NamedDestination, said: ActRequest, *, factory: WithFactory, operator: Operator
) -> DestinationAnswer:
    """Ends a pause; what waits goes, the most urgent first."""
    return await _steered(Steering.RESUME, node, factory, order=Order(actor=operator.client_id, reason=said.reason))


@router.post("/{node}/retry", summary="Try at once", responses=problem_responses(*STEERING_ERRORS))
async def retry(
    node: NamedDestination, said: ActRequest, *, factory: WithFactory, operator: Operator
) -> DestinationAnswer:
    """Ends the back-off: the worker tries within a fraction of a second. ``attempts`` counts on until it succeeds."""
    return await _steered(Steering.RETRY, node, factory, order=Order(actor=operator.client_id, reason=said.reason))


async def _steered(steering: Steering, node: NodeId, factory: Factory, *, order: Order) -> DestinationAnswer:
    return _shown(await steer_destination(steering, node, factory, order=order))


def _shown(one: DestinationState) -> DestinationAnswer:
    return DestinationAnswer(
        node=one.destination,
        backlog=one.backlog,
        sent=one.sent,
        oldest_at=one.oldest_at,
        attempts=one.attempts,
        next_attempt_at=one.next_attempt_at,
        last_error=one.last_error,
        paused=one.paused,
        by_priority=tuple(PriorityAnswer(priority=rank, backlog=some) for rank, some in one.by_priority.items()),
    )
