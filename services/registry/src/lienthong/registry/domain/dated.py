"""Agencies in time: since when a record is good, what decision made it, and what became of a closed agency."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from lienthong.registry.errors import InstantUnreadable
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.identifiers import AgencyCode, NodeId

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam's time has had no summer time since 1975: a date is the instant when that day begins there."""


class Status(StrEnum):
    """Whether a code stands for an agency that is at work."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The legal act that something was done by, such as ``202/2025/QH15`` of 12 June 2025."""

    number: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyVersion:
    """What was said of one code from ``valid_from`` (None: since before the registry) until its next version.

    ``entry.node`` of a closed agency is the node that served it last. ``version`` is the directory's.
    """

    entry: AgencyEntry
    status: Status
    valid_from: datetime | None
    version: int
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One version, and who brought it into the directory when. ``reorganisation`` is the act that did, if one."""

    version: AgencyVersion
    changed_by: str
    changed_at: datetime
    reorganisation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgency:
    """An agency as of one moment; ``valid_from`` and ``valid_to`` bound the whole life of its code.

    ``successors`` are those that the act named, ``responsible`` those that are at work when successors that were
    closed themselves are followed to the end. ``succession`` says how several of them share.
    """

    entry: AgencyEntry
    version: int
    status: Status
    valid_from: datetime | None
    valid_to: datetime | None
    last_node: NodeId | None = None
    successors: tuple[AgencyCode, ...] = ()
    responsible: tuple[AgencyCode, ...] = ()
    succession: str | None = None
    decision: Decision | None = None


def instant_of(text: str) -> datetime:
    """The instant that ``2025-07-01`` (its beginning in Vietnam) or ``2025-07-01T08:00:00+07:00`` names.

    A time without a zone is Vietnam's.

    Raises:
        InstantUnreadable: It is neither a date nor a time of ISO 8601.
    """
    try:
        return _aware(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InstantUnreadable(
            "Give a date such as 2025-07-01, or a time such as 2025-07-01T08:00:00+07:00."
        ) from error


def _aware(text: str) -> datetime:
    read = datetime.fromisoformat(text)  # takes a date, too, as its midnight
    return read if read.tzinfo is not None else read.replace(tzinfo=VIETNAM)
