"""What a node says of its feed and of webhooks. Members that this version does not know are ignored."""

from datetime import datetime

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.events import CloudEvent


class EventsPage(Contract):
    """A page of the feed. ``after``: ask with it next; ``more``: there is something at once."""

    items: tuple[CloudEvent, ...]
    after: int
    more: bool


class Webhook(Contract):
    """A webhook, and how sending to it goes. ``types`` None: every type; ``backlog``: events that were not taken."""

    id: str
    agency: str
    url: str
    types: tuple[str, ...] | None = None
    description: str = ""
    created_at: datetime
    client_id: str = ""
    state: str
    paused: str | None = None
    paused_at: datetime | None = None
    position: int
    missed_before: int | None = None
    backlog: int
    oldest_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""


class Ping(Contract):
    """What became of a test."""

    taken: bool
    error: str = ""
