"""Messages that were given up: operators look at them, replay them, discard them."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import ConfigDict, Field, StringConstraints

from lienthong.exchange.api.acts import ActRequest
from lienthong.exchange.api.admin import OPERATOR_ERRORS
from lienthong.exchange.api.authorization import Operator, WithFactory
from lienthong.exchange.api.models import PlainText, ReasonText, Shape
from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.api.positions import newest_position
from lienthong.exchange.domain.acts import MAX_REASON, Order
from lienthong.exchange.domain.dead_letters import (
    OPEN,
    DeadLetter,
    DeadLetterNotFound,
    DeadLetterNotWhole,
    DeadLetterSettled,
    LetterFilter,
    LetterState,
    RefusalFinal,
)
from lienthong.exchange.errors import DirectoryMissing, TrustListMissing
from lienthong.exchange.usecases import settle_letters
from lienthong.exchange.usecases.drain_node import NodeDraining
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.paging import DEFAULT_PAGE, CursorInvalid, PageCursor, PageLimit, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import require

router = APIRouter(prefix="/v1/admin/dead-letters", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

MAX_REPLAYS: Final = 500
"""Letters of one order."""
CHANGE_ERRORS = (*OPERATOR_ERRORS, DeadLetterNotFound, DeadLetterSettled, InvalidRequest, RequestTooLarge)
_LETTER: Final[dict[str, Any]] = {
    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c31",
    "state": "dead",
    "code": "issuer-not-neighbour",
    "detail": "The node H28.31 is no neighbour of G22.",
    "kind": "document",
    "issuer": "H28.31",
    "document": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11",
    "message_id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c12",
    "body_size": 20480,
    "body_sha256": "0" * 64,
    "first_seen_at": "2026-11-20T02:58:41Z",
    "last_seen_at": "2026-11-20T02:58:41Z",
    "times": 1,
    "replays": 0,
    "refused_at": None,
    "settled_at": None,
    "act": None,
}


async def letter_id(letter: Annotated[str, Path(description="Id of the letter: a UUID")]) -> str:
    """The letter that the path names. Raises :class:`DeadLetterNotFound`."""
    if not UUID.fullmatch(letter):
        raise DeadLetterNotFound("There is no dead letter of that id here.")
    return letter


NamedLetter = Annotated[str, Depends(letter_id)]
FilterText = Annotated[PlainText, StringConstraints(min_length=1, max_length=100)]
Because = Annotated[PlainText, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)]


class LetterAnswer(Shape):
    """One message that was given up. What it says of itself is not verified."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LETTER]})

    id: str
    state: LetterState = Field(description="dead: to be decided; asked: being replayed; taken; discarded")
    code: str = Field(description="Why it was given up: a problem code, or delivery-limit")
    detail: str
    kind: str = Field(description="document, evidence, or empty: not to be read. Not verified")
    issuer: str = Field(description="The node that sent it; not verified")
    document: str = Field(description="Not verified")
    message_id: str = Field(description="Not verified")
    body_size: int = Field(ge=0, description="Bytes of the package that travelled along; 0: none did")
    body_sha256: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    times: int = Field(ge=1, description="How often it came out of the dead queue")
    replays: int = Field(ge=0, description="Judgements since its replay was asked for last")
    refused_at: datetime | None = Field(
        description="When the sender was told, with evidence, that the document is refused here: no replay then"
    )
    settled_at: datetime | None = Field(description="When it was taken or discarded")
    act: str | None = Field(description="The act that asked for its replay, or discarded it")


class LettersPage(Shape):
    """A page of letters, the newest first. ``next`` null: nothing follows."""

    items: tuple[LetterAnswer, ...]
    next: str | None


class ReplaysRequest(Shape):
    """Which letters to replay: all, or those of one code or issuer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "seal-not-trusted-yet", "reason": "Danh sách tin cậy đã cập nhật"}]}
    )

    code: FilterText | None = None
    issuer: FilterText | None = None
    limit: int = Field(default=100, ge=1, le=MAX_REPLAYS, description="At most so many, the oldest first")
    reason: ReasonText = ""


class ReplaysAnswer(Shape):
    """What the order came to; the letters of ``act`` tell how it goes on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"act": _LETTER["id"], "asked": 100, "refused": 7, "left": 12}]}
    )

    act: str
    asked: int = Field(ge=0, description="Letters that the worker judges anew")
    refused: int = Field(ge=0, description="Open letters left out, since their senders hold evidence of a refusal")
    left: int = Field(ge=0, description="Letters that a further order of this kind would ask for")


class DiscardRequest(Shape):
    """Why the letter is given up; goes to the sender, if its node vouches for the document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Văn bản thử nghiệm"}]})

    reason: Because


@router.get(
    "",
    summary="Messages that were given up",
    responses=problem_responses(*OPERATOR_ERRORS, CursorInvalid, InvalidRequest),
)
async def letters(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    state: LetterState | None = None,
    code: Annotated[FilterText | None, Query(description="Why it was given up")] = None,
    issuer: Annotated[FilterText | None, Query(description="The node that sent it")] = None,
    act: Annotated[FilterText | None, Query(description="Letters that this act was about, in any state")] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> LettersPage:
    """The letters that nobody has settled, unless ``state`` or ``act`` say which others."""
    states = (state,) if state is not None else () if act is not None else OPEN
    wanted = LetterFilter(states=states, code=code, issuer=issuer, act=act)
    page = await settle_letters.list_letters(wanted, factory, before=newest_position(cursor), limit=limit)
    following = encode_cursor(page.items[-1].id) if page.more else None
    link_next(request, response, following)
    return LettersPage(items=tuple(_shown(one) for one in page.items), next=following)


@router.get("/{letter}", summary="One dead letter", responses=problem_responses(*OPERATOR_ERRORS, DeadLetterNotFound))
async def one_letter(letter: NamedLetter, *, factory: WithFactory) -> LetterAnswer:
    """How one letter stands."""
    return _shown(await settle_letters.read_letter(letter, factory))


@router.post(
    "/{letter}/replay",
    summary="Judge a dead letter anew",
    responses=problem_responses(*CHANGE_ERRORS, RefusalFinal, DeadLetterNotWhole, NodeDraining),
)
async def replay(letter: NamedLetter, said: ActRequest, *, factory: WithFactory, operator: Operator) -> LetterAnswer:
    """The worker judges it within a second, like any message: nothing is passed over. Then it is taken, or dead again.

    A document that this node refused, and whose sender was told so, stays refused.
    """
    order = Order(actor=operator.client_id, reason=said.reason)
    return _shown(await settle_letters.replay_letter(letter, factory, order=order))


@router.post(
    "/replay",
    summary="Judge many dead letters anew",
    responses=problem_responses(*OPERATOR_ERRORS, NodeDraining, InvalidRequest, RequestTooLarge),
)
async def replay_many(said: ReplaysRequest, *, factory: WithFactory, operator: Operator) -> ReplaysAnswer:
    """A batch of those that nobody has decided about. Repeat while something is ``left``."""
    wanted = LetterFilter(code=said.code, issuer=said.issuer)
    order = Order(actor=operator.client_id, reason=said.reason)
    report = await settle_letters.replay_letters(wanted, factory, order=order, limit=said.limit)
    return ReplaysAnswer(act=report.act, asked=report.asked, refused=report.refused, left=report.left)


@router.post(
    "/{letter}/discard",
    summary="Give a dead letter up",
    responses=problem_responses(*CHANGE_ERRORS, TrustListMissing, DirectoryMissing),
)
async def discard(
    letter: NamedLetter, said: DiscardRequest, *, factory: WithFactory, operator: Operator
) -> LetterAnswer:
    """For good. If the origin vouches for the document, its sender is told that it failed, with your reason."""
    order = Order(actor=operator.client_id, reason=said.reason)
    return _shown(await settle_letters.discard_letter(letter, factory, order=order))


def _shown(letter: DeadLetter) -> LetterAnswer:
    return LetterAnswer(
        id=letter.id,
        state=letter.state,
        code=letter.code,
        detail=letter.detail,
        kind=letter.claimed_kind,
        issuer=letter.claimed_issuer,
        document=letter.claimed_document,
        message_id=letter.message_id,
        body_size=letter.body_size,
        body_sha256=letter.body_sha256,
        first_seen_at=letter.first_seen_at,
        last_seen_at=letter.last_seen_at,
        times=letter.times,
        replays=letter.replays,
        refused_at=letter.refused_at,
        settled_at=letter.settled_at,
        act=letter.act_id,
    )
