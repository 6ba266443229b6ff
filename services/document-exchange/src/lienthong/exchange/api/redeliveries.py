"""An agency that lost what it had taken gets it again."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header
from pydantic import AwareDatetime, ConfigDict, Field

from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import Operator, WithFactory
from lienthong.exchange.api.models import CodeText, ReasonText, Shape
from lienthong.exchange.domain.acts import Order
from lienthong.exchange.domain.submission import idempotency_key
from lienthong.exchange.errors import AgencyNotServed, DirectoryMissing, IdempotencyKeyInvalid, IdempotencyKeyReused
from lienthong.exchange.usecases.order_redeliveries import order_redeliveries, preview_redeliveries
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode, Sha256
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/redeliveries", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_ORDER: Final[dict[str, Any]] = {
    "agency": "H28.31",
    "since": "2026-11-18T00:00:00+07:00",
    "dry_run": False,
    "reason": "Khôi phục máy chủ văn thư từ bản sao lưu ngày 17/11",
}


class RedeliveryRequest(Shape):
    """Whose documents, handed over since when."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ORDER]})

    agency: CodeText
    since: AwareDatetime = Field(ge=EARLIEST, le=LATEST, description="With its zone")
    dry_run: bool = Field(default=False, description="Only count")
    reason: ReasonText = ""


class RedeliveryAnswer(Shape):
    """How far the order got. Repeat it with the same key until it is ``complete``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"agency": "H28.31", "made": 500, "complete": False, "would_make": None}]}
    )

    agency: AgencyCode
    made: int = Field(ge=0, description="Documents that wait again, or were taken again, by this order")
    complete: bool
    would_make: int | None = Field(description="Of a dry run: how many documents an order would give again")


@router.post(
    "",
    summary="Give an agency its documents again",
    responses=problem_responses(
        *OPERATOR_ERRORS,
        AgencyNotServed,
        DirectoryMissing,
        IdempotencyKeyInvalid,
        IdempotencyKeyReused,
        InvalidRequest,
        RequestTooLarge,
    ),
)
async def redeliver(
    said: RedeliveryRequest,
    *,
    factory: WithFactory,
    operator: Operator,
    key: Annotated[str, Header(alias="Idempotency-Key", description="Of the whole order, batch after batch")],
) -> RedeliveryAnswer:
    """At most 500 documents a request, of those that it took over since then and that are here.

    They come into its inbox again, after what is new, with ``redelivery`` true; it claims and acknowledges them like
    others. Deliveries, their evidence and what senders see stay as they are.
    """
    if said.dry_run:
        count = await preview_redeliveries(said.agency, said.since, factory)
        return RedeliveryAnswer(agency=AgencyCode(said.agency), made=0, complete=False, would_make=count)
    order = Order(actor=operator.client_id, reason=said.reason)
    own_key = idempotency_key(key, Sha256(""))
    placed = await order_redeliveries(own_key, said.agency, said.since, factory, order=order)
    return RedeliveryAnswer(agency=placed.agency, made=placed.made, complete=placed.is_complete, would_make=None)
