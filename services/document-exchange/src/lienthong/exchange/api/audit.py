"""``/v1/admin/audit``: whether the node keeps what it promises, checked while it works."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, ConfigDict, Field

from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.models import Shape
from lienthong.exchange.domain.audit import Check, Finding, Severity
from lienthong.exchange.storage.audit_deliveries import StandingDelivery
from lienthong.exchange.usecases.audit_node import START, Batch, Part, Position, audit_node
from lienthong.exchange.usecases.list_standing import find_standing, list_standing
from lienthong.shared.blobs import BlobStoreUnavailable
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256
from lienthong.shared.paging import (
    DEFAULT_PAGE,
    CursorInvalid,
    PageCursor,
    PageLimit,
    decode_cursor,
    encode_cursor,
    link_next,
)
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/audit", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

MAX_CHOSEN: Final = 100
"""Deliveries that one request may name."""
_FINDING: Final[dict[str, Any]] = {
    "check": "package-present",
    "severity": "broken",
    "subject": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "detail": "Documents name it; it is not in the store.",
    "advice": "Restore the package from a backup, or fetch it from the origin's or recipient's node.",
}
_STANDING: Final[dict[str, Any]] = {
    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c12",
    "document": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11",
    "origin": "H28.31",
    "package": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "agency": "G22",
    "node": "G22",
    "status": "done",
    "reason": "",
    "updated_at": "2026-11-20T02:58:41Z",
}


class FindingAnswer(Shape):
    """Something that is not as it should be."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FINDING]})

    check: Check = Field(description="The invariant")
    severity: Severity = Field(
        description="broken: a promise does not hold; stuck: it takes too long; left-over: it costs room"
    )
    subject: str = Field(description="The id of the row, or the digest of the package")
    detail: str
    advice: str = Field(description="What to do about it")


class AuditAnswer(Shape):
    """One batch of an audit. ``next`` null: everything was checked."""

    checked: dict[str, int] = Field(description="How many of each kind were checked in this batch")
    findings: tuple[FindingAnswer, ...]
    next: str | None


class StandingAnswer(Shape):
    """A delivery as this node has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STANDING]})

    id: DeliveryId
    document: DocumentId
    origin: NodeId
    package: Sha256
    agency: AgencyCode
    node: NodeId = Field(description="Of the recipient")
    status: str = Field(description="initial, processing, done or fail, as it is stored")
    reason: str = Field(description="Of fail: why")
    updated_at: AwareDatetime


class StandingPage(Shape):
    """Deliveries by id."""

    items: tuple[StandingAnswer, ...]
    next: str | None


@router.get(
    "",
    summary="Audit the node, a batch at a time",
    responses=problem_responses(*OPERATOR_ERRORS, BlobStoreUnavailable, CursorInvalid, InvalidRequest),
)
async def audit(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    cursor: PageCursor = None,
    deep: Annotated[bool, Query(description="Read the bytes of every package and compare their digests")] = False,
) -> AuditAnswer:
    """Checks one batch of what the node promises, on one snapshot of its database, and says where the next begins.

    Nothing is changed and nobody waits. What is on its way is no finding until it takes too long.
    """
    batch = await audit_node(_position(cursor), factory, deep=deep)
    following = _cursor(batch.following)
    link_next(request, response, following)
    return _shown(batch, following)


@router.get(
    "/deliveries",
    summary="How deliveries stand at this node",
    responses=problem_responses(*OPERATOR_ERRORS, CursorInvalid, InvalidRequest),
)
async def deliveries(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    cursor: PageCursor = None,
    limit: PageLimit = DEFAULT_PAGE,
    delivery: Annotated[tuple[str, ...], Query(max_length=MAX_CHOSEN, description="Only these")] = (),
) -> StandingPage:
    """Every delivery that this node knows, sent, received or relayed, by id: for comparing nodes with each other."""
    if delivery:
        chosen = await find_standing([DeliveryId(one) for one in delivery if "\x00" not in one], factory)
        return StandingPage(items=tuple(_standing(one) for one in chosen), next=None)
    after = str(decode_cursor(cursor, str)[0]) if cursor is not None else ""
    found = await list_standing(DeliveryId(after), factory, limit=limit)
    following = encode_cursor(found[-1].id) if len(found) == limit else None
    link_next(request, response, following)
    return StandingPage(items=tuple(_standing(one) for one in found), next=following)


def _position(cursor: str | None) -> Position:
    if cursor is None:
        return START
    part, key, second = (str(one) for one in decode_cursor(cursor, str, str, str))
    if part not in set(Part):
        raise CursorInvalid("Use the 'next' of the batch before, unchanged.")
    return Position(part=Part(part), key=key, second=second)


def _cursor(position: Position | None) -> str | None:
    return encode_cursor(position.part, position.key, position.second) if position else None


def _shown(batch: Batch, following: str | None) -> AuditAnswer:
    return AuditAnswer(
        checked=dict(batch.checked),
        findings=tuple(_finding(one) for one in batch.findings),
        next=following,
    )


def _finding(found: Finding) -> FindingAnswer:
    return FindingAnswer(
        check=found.check,
        severity=found.severity,
        subject=found.subject,
        detail=found.detail,
        advice=found.advice,
    )


def _standing(one: StandingDelivery) -> StandingAnswer:
    return StandingAnswer(
        id=one.id,
        document=one.document,
        origin=one.origin,
        package=one.package,
        agency=one.agency,
        node=one.node,
        status=one.status,
        reason=one.reason,
        updated_at=one.updated_at,
    )
