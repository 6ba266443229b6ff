"""What operators did to this node: who, when, why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.models import ReasonText, Shape
from lienthong.exchange.api.positions import newest_position
from lienthong.exchange.domain.acts import Act, ActKind
from lienthong.exchange.usecases.list_acts import list_acts
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.paging import DEFAULT_PAGE, CursorInvalid, PageCursor, PageLimit, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/acts", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

_ACT: Final[dict[str, Any]] = {
    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c21",
    "at": "2026-11-20T02:58:41Z",
    "actor": "operator",
    "act": "destination-paused",
    "subject": "H28",
    "reason": "Bảo trì máy chủ",
    "detail": {},
}


class ActRequest(Shape):
    """Why it is done, in your words; kept with your client id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Bảo trì máy chủ"}]})

    reason: ReasonText = ""


class ActAnswer(Shape):
    """One act."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACT]})

    id: str
    at: datetime
    actor: str = Field(description="The client that did it")
    act: ActKind
    subject: str = Field(description="What it was done to: a node, an agency, a dead letter")
    reason: str
    detail: Mapping[str, Any] = Field(description="What it came to")


class ActsPage(Shape):
    """A page of acts, the newest first. ``next`` null: nothing follows."""

    items: tuple[ActAnswer, ...]
    next: str | None


@router.get(
    "", summary="What operators did", responses=problem_responses(*OPERATOR_ERRORS, CursorInvalid, InvalidRequest)
)
async def acts(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> ActsPage:
    """Acts that changed something. They are kept for good, and nobody can change them."""
    page = await list_acts(factory, before=newest_position(cursor), limit=limit)
    following = encode_cursor(page.items[-1].id) if page.more else None
    link_next(request, response, following)
    return ActsPage(items=tuple(_shown(one) for one in page.items), next=following)


def _shown(act: Act) -> ActAnswer:
    return ActAnswer(
        id=act.id,
        at=act.at,
        actor=act.order.actor,
        act=act.kind,
        subject=act.subject,
        reason=act.order.reason,
        detail=act.detail,
    )
