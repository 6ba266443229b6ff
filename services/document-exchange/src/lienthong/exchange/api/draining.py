"""Draining for maintenance, and what is left to be done before it is safe to stop."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field

from lienthong.exchange.api.acts import ActRequest
from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import Operator, WithFactory
from lienthong.exchange.api.models import Shape
from lienthong.exchange.domain.acts import Order
from lienthong.exchange.storage.draining import Draining
from lienthong.exchange.usecases.drain_node import drain, undrain
from lienthong.exchange.usecases.read_state import NodeState, read_state
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import NodeId
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

_STATE: Final[dict[str, Any]] = {
    "node": "H28",
    "draining": {"since": "2026-11-20T02:58:41Z", "by": "operator", "reason": "Bảo trì máy chủ"},
    "is_drained": False,
    "outbox": 181,
    "outbox_paused": 0,
    "outbox_sent": 3,
    "oldest_at": "2026-11-20T02:58:41Z",
    "failing": 1,
    "inbox": 7,
    "claimed": 2,
    "redeliveries": 0,
    "evidence_not_logged": 0,
    "dead_letters": 0,
    "alarms": 0,
}
DRAIN_ERRORS = (*OPERATOR_ERRORS, InvalidRequest, RequestTooLarge)


class DrainingAnswer(Shape):
    """Since when, by whom and why nothing new is taken in."""

    since: datetime
    by: str
    reason: str


class StateAnswer(Shape):
    """What is open at this node."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STATE]})

    node: NodeId
    draining: DrainingAnswer | None = Field(description="Null: the node takes things in")
    is_drained: bool = Field(description="It is drained, and nothing that could leave is left: stop it")
    outbox: int = Field(ge=0, description="Messages that no broker has, for destinations that are not paused")
    outbox_paused: int = Field(ge=0, description="Likewise for paused destinations: they stay")
    outbox_sent: int = Field(ge=0, description="Messages that brokers have, and next hops have not acknowledged")
    oldest_at: datetime | None = Field(description="Since when the oldest message of the outbox waits")
    failing: int = Field(ge=0, description="Destinations whose last attempt failed")
    inbox: int = Field(ge=0, description="Deliveries that their recipients have not answered for")
    claimed: int = Field(ge=0, description="Of these, in somebody's hands now")
    redeliveries: int = Field(ge=0, description="Redeliveries that their recipients have not answered for")
    evidence_not_logged: int = Field(ge=0, description="Evidence that is not in the log yet")
    dead_letters: int = Field(ge=0, description="Nobody has decided about, or their replay was asked for")
    alarms: int = Field(ge=0)


@router.get("/state", summary="How the node stands", responses=problem_responses(*OPERATOR_ERRORS))
async def state(*, factory: WithFactory) -> StateAnswer:
    """What is open. While the node is drained: whether it is safe to stop it."""
    return _shown(await read_state(factory), factory.here)


@router.post("/drain", summary="Take nothing new in", responses=problem_responses(*DRAIN_ERRORS))
async def begin(said: ActRequest, *, factory: WithFactory, operator: Operator) -> StateAnswer:
    """For maintenance. Submissions and new uploads get 503 ``node-draining``, and the queue is left alone.

    Everything that takes out goes on: reading, claims, downloads, acknowledgements, and sending until the outbox is
    empty. Kept in the database: restarts do not end it. Repeated, it has no effect.
    """
    await drain(factory, order=Order(actor=operator.client_id, reason=said.reason))
    return _shown(await read_state(factory), factory.here)


@router.post("/undrain", summary="Take things in again", responses=problem_responses(*DRAIN_ERRORS))
async def end(said: ActRequest, *, factory: WithFactory, operator: Operator) -> StateAnswer:
    """Ends draining. Repeated, it has no effect."""
    await undrain(factory, order=Order(actor=operator.client_id, reason=said.reason))
    return _shown(await read_state(factory), factory.here)


def _shown(found: NodeState, here: NodeId) -> StateAnswer:
    return StateAnswer(
        node=here,
        draining=None if found.draining is None else _shown_draining(found.draining),
        is_drained=found.is_drained,
        outbox=found.outbox,
        outbox_paused=found.outbox_paused,
        outbox_sent=found.outbox_sent,
        oldest_at=found.oldest_at,
        failing=found.failing,
        **found.open,
    )


def _shown_draining(found: Draining) -> DrainingAnswer:
    return DrainingAnswer(since=found.since, by=found.order.actor, reason=found.order.reason)
