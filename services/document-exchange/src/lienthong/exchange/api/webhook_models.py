"""What ``/v1/webhooks`` takes and answers."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, StrictInt

from lienthong.exchange.api.models import CodeText, PlainText, Shape
from lienthong.exchange.domain.event_feed import MAX_POSITION
from lienthong.exchange.domain.events import EventType
from lienthong.exchange.domain.webhook_addresses import MAX_URL
from lienthong.exchange.domain.webhook_pace import Attempt, Outcome
from lienthong.exchange.domain.webhooks import MAX_DESCRIPTION, PauseReason
from lienthong.exchange.usecases.manage_webhooks import WebhookView
from lienthong.shared.identifiers import AgencyCode

_URL: Final = "https://vanthu.maichau.example/lien-thong"
_WEBHOOK: Final[dict[str, Any]] = {
    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c30",
    "agency": "H28.31",
    "url": _URL,
    "types": ["vn.lienthong.delivery.arrived"],
    "description": "Văn thư",
    "created_at": "2026-03-02T08:00:00Z",
    "client_id": "eoffice.H28.31",
    "state": "failing",
    "paused": None,
    "paused_at": None,
    "position": 181,
    "missed_before": None,
    "backlog": 12,
    "oldest_at": "2026-03-02T09:10:00Z",
    "failures": 7,
    "failing_since": "2026-03-02T09:10:00Z",
    "next_attempt_at": "2026-03-02T09:13:07Z",
    "last_attempt_at": "2026-03-02T09:12:03Z",
    "last_success_at": "2026-03-02T09:09:41Z",
    "last_error": "The receiver answered 503.",
}

URLText = Annotated[str, Field(min_length=1, max_length=MAX_URL, examples=[_URL], description="https, public")]
Position = Annotated[StrictInt, Field(ge=0, le=MAX_POSITION)]


def _require_text(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError("a time is a text, with its zone")  # noqa: TRY004 — what pydantic turns into a field error
    return given


Time = Annotated[AwareDatetime, BeforeValidator(_require_text)]
"""Numbers are positions, never seconds of an epoch."""


class WebhookChange(Shape):
    """Where a webhook points, and which events it gets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": _URL, "types": [EventType.DELIVERY_ARRIVED]}]})

    url: URLText
    types: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=len(EventType))] | None = Field(
        default=None, description="Null: every type"
    )
    description: Annotated[PlainText, Field(max_length=MAX_DESCRIPTION)] = ""


class WebhookRequest(WebhookChange):
    """A webhook to be made."""

    agency: CodeText | None = Field(default=None, description="Whose events; null: of the agency that the token names")


class ReplayRequest(Shape):
    """A point of the feed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after": 180}, {"after": "2026-03-02T08:00:00Z"}]})

    after: Position | Time = Field(description="A position, or a time: what happened then or later")


class WebhookAnswer(Shape):
    """A webhook, and how sending to it goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WEBHOOK]})

    id: str
    agency: AgencyCode
    url: str
    types: tuple[EventType, ...] | None
    description: str
    created_at: datetime
    client_id: str = Field(description="Who made it")
    state: Literal["active", "failing", "paused"]
    paused: PauseReason | None
    paused_at: datetime | None
    position: int = Field(description="Events up to it were put into its queue, or are not for it")
    missed_before: int | None = Field(description="Events before this position went before they were sent: too late")
    backlog: int = Field(description="Events that were not taken yet; 10000 stands for more")
    oldest_at: datetime | None = Field(description="When the oldest of its queue happened")
    failures: int = Field(description="Attempts in a row of which none succeeded")
    failing_since: datetime | None
    next_attempt_at: datetime | None = Field(description="Null: at once")
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_error: str


class WebhooksAnswer(Shape):
    """Every webhook of your agencies."""

    items: tuple[WebhookAnswer, ...]


class PingAnswer(Shape):
    """What became of a test."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"taken": True, "error": ""}]})

    taken: bool
    error: str


def shown_webhook(view: WebhookView) -> WebhookAnswer:
    """The answer about a webhook."""
    one, standing = view.webhook, view.webhook.standing
    return WebhookAnswer(
        id=one.id,
        agency=one.agency,
        url=one.url,
        types=one.types,
        description=one.description,
        created_at=one.created_at,
        client_id=one.client_id,
        state="paused" if standing.paused else "failing" if standing.failures else "active",
        paused=standing.paused,
        paused_at=standing.paused_at,
        position=one.position,
        missed_before=one.missed_before,
        backlog=view.backlog.events,
        oldest_at=view.backlog.oldest_at,
        failures=standing.failures,
        failing_since=standing.failing_since,
        next_attempt_at=standing.next_attempt_at,
        last_attempt_at=standing.last_attempt_at,
        last_success_at=standing.last_success_at,
        last_error=standing.last_error,
    )


def shown_ping(attempt: Attempt) -> PingAnswer:
    """The answer about a test."""
    return PingAnswer(taken=attempt.outcome is Outcome.TAKEN, error=attempt.error)
