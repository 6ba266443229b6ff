"""A node's feed of events as readers see it: what may be asked, and from where one may go on; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lienthong.exchange.domain.events import EventType, NewEvent
from lienthong.shared.contracts.events import SEQUENCE_DIGITS, CloudEvent
from lienthong.shared.errors import Conflict, InvalidInput
from lienthong.shared.identifiers import AgencyCode, NodeId

EVENTS_KEPT: Final = timedelta(days=30)
"""How long an event stays in the feed. What happened stays in timelines and evidence."""
MAX_POSITION: Final = 2**63 - 1
"""What the database's integers hold."""


class EventsExpired(Conflict):
    """Events after that position are gone: whoever stopped there has missed some."""

    code = "events-expired"
    title = "Events after that position are not kept any more"


class PositionUnknown(InvalidInput):
    """The feed has not come so far: the position is not this node's, or its database is an older one."""

    code = "event-position-unknown"
    title = "The feed has no such position"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """An event at its place. ``id``: the CloudEvents id."""

    position: int
    id: str
    event: NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedExtent:
    """What is there. ``oldest``: the first position that is kept; both 0: there has been no event."""

    oldest: int
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuery:
    """Events for ``agencies``, of ``types`` (None: of every type), after a position (None: all that are kept)."""

    agencies: Collection[AgencyCode]
    types: Collection[EventType] | None
    after: int | None
    limit: int


def require_continuable(after: int, extent: FeedExtent) -> None:
    """Whether somebody who has seen everything up to ``after`` can go on without missing anything.

    Raises:
        PositionUnknown: Nobody can have seen that position of this feed.
        EventsExpired: Events between ``after`` and the oldest that is kept are gone.
    """
    if after > extent.head:
        raise PositionUnknown(
            f"This node's feed ends at {extent.head}. Ask for what you may have missed by its time or begin anew.",
            facts={"head": extent.head},
        )
    if after < extent.oldest - 1:
        raise EventsExpired(
            f"Events are kept for {EVENTS_KEPT.days} days; the oldest is {extent.oldest}. Read inbox and documents for "
            f"what is older, then go on after {extent.oldest - 1}.",
            facts={"oldest": extent.oldest, "head": extent.head},
        )


def kept_since(now: datetime) -> datetime:
    """Older events may go."""
    return now - EVENTS_KEPT


def cloud_event(one: FeedEvent, *, node: NodeId) -> CloudEvent:
    """The event as it leaves ``node``."""
    event = one.event
    data: dict[str, object] = {"agency": event.agency, "document": event.document}
    if event.delivery is not None:
        data["delivery"] = event.delivery
    return CloudEvent(
        id=one.id,
        source=event_source(node),
        type=event.type.value,
        subject=event.document,
        time=event.time,
        sequence=f"{one.position:0{SEQUENCE_DIGITS}}",
        data=data | dict(event.data),
    )


def event_source(node: NodeId) -> str:
    """``source`` of every event of ``node``."""
    return f"urn:lienthong:node:{node}"
