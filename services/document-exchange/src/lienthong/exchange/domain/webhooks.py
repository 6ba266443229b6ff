"""Webhooks: addresses to which a node sends an agency's events, and the rules about them; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from lienthong.exchange.domain.events import EventType
from lienthong.shared.directory import Directory
from lienthong.shared.errors import Conflict, NotFound, TooMany
from lienthong.shared.identifiers import AgencyCode, NodeId

WebhookId = NewType("WebhookId", str)
"""UUIDv7."""
MAX_WEBHOOKS: Final = 20
"""Webhooks of one agency at its node."""
MAX_DESCRIPTION: Final = 200
"""Characters of what its owner says about it."""
MAX_QUEUED: Final = 2000
"""Events of one webhook that wait in its queue; the rest waits in the feed, so that a backlog costs nothing twice."""
WEBHOOK_PAUSED: Final = "webhook-paused"
"""The operators' alarm about webhooks that were paused because they failed; it names the last."""


class WebhookNotFound(NotFound):
    """No such webhook, or it is of an agency that the caller may not act for."""

    code = "webhook-not-found"
    title = "No such webhook"


class WebhookExists(Conflict):
    """The agency has a webhook with that address already, which wants other events."""

    code = "webhook-exists"
    title = "There is a webhook with that address"


class TooManyWebhooks(TooMany):
    """The agency has as many webhooks as it may have."""

    code = "too-many-webhooks"
    title = "Too many webhooks"


class PauseReason(StrEnum):
    """Why a webhook gets nothing."""

    FAILING = "failing"
    """Nothing was taken for as long as the node tries."""
    GONE = "gone"
    """The receiver answered 410."""
    NOT_ALLOWED = "not-allowed"
    """Its owner may not act for the agency any more, or another node serves the agency."""
    OWNER = "owner"
    """By whoever owns it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How sending goes. ``failures``: attempts in a row of which none succeeded; times: None where there is none."""

    failures: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    paused: PauseReason | None = None
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """``owner``: the agency of the client that made it. ``types``: None for every type.

    ``position``: every event up to it was put into the queue, or is none for this webhook.
    ``missed_before``: events before this position went away before they were sent; None: none did.
    """

    id: WebhookId
    agency: AgencyCode
    owner: AgencyCode
    client_id: str
    url: str
    types: tuple[EventType, ...] | None
    description: str
    created_at: datetime
    position: int
    standing: Standing
    missed_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What was not taken yet, counted up to a bound; ``oldest_at``: when the oldest of the queue happened."""

    events: int
    oldest_at: datetime | None


def is_allowed(webhook: Webhook, directory: Directory, here: NodeId) -> bool:
    """Whether its agency's events may go to it now: a delegation may have ended, the agency may have moved."""
    agency = directory.agency(webhook.agency)
    return agency is not None and agency.node == here and directory.may_act(webhook.owner, agency.code)


def require_visible(webhook: Webhook | None, agencies: Collection[AgencyCode]) -> Webhook:
    """The webhook, if it is of one of ``agencies``. Raises :class:`WebhookNotFound`."""
    if webhook is None or webhook.agency not in agencies:
        raise WebhookNotFound("There is no such webhook of an agency that you may act for.")
    return webhook
