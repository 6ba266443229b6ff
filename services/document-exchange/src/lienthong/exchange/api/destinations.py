"""Where this node's messages go, for operators."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field

from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.models import Shape
from lienthong.exchange.usecases.list_destinations import list_destinations
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox import DestinationState
from lienthong.shared.problems import problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/destinations", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

_DESTINATION: Final[dict[str, Any]] = {
    "node": "H28",
    "backlog": 181,
    "oldest_at": "2026-11-20T02:58:41Z",
    "attempts": 7,
    "next_attempt_at": "2026-11-20T03:04:11Z",
    "last_error": "bus-unavailable",
    "paused": False,
}


class DestinationAnswer(Shape):
    """One next hop: what waits for it, and how the last attempts went."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DESTINATION]})

    node: NodeId
    backlog: int = Field(ge=0, description="Messages that its broker has not confirmed")
    oldest_at: datetime | None = Field(description="Since when the oldest of them waits")
    attempts: int = Field(ge=0, description="Failures since the last success")
    next_attempt_at: datetime | None = Field(description="Null: at once")
    last_error: str | None = Field(description="A problem code")
    paused: bool = Field(description="By an operator")


class DestinationsAnswer(Shape):
    """Every next hop that has a backlog, had a failure or is paused, by name."""

    items: tuple[DestinationAnswer, ...]


@router.get("", summary="Where messages go, and what waits", responses=problem_responses(*OPERATOR_ERRORS))
async def destinations(*, factory: WithFactory) -> DestinationsAnswer:
    """The outbox by next hop. A destination that fails is tried again by itself, after growing pauses."""
    return DestinationsAnswer(items=tuple(_shown(one) for one in await list_destinations(factory)))


def _shown(one: DestinationState) -> DestinationAnswer:
    return DestinationAnswer(
        node=one.destination,
        backlog=one.backlog,
        oldest_at=one.oldest_at,
        attempts=one.attempts,
        next_attempt_at=one.next_attempt_at,
        last_error=one.last_error,
        paused=one.paused,
    )
