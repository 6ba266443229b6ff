"""Lists as the SDK asks for them, by dates and page numbers; and which of a call's parameters are only left over."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.vxp.call import VerifiedCall
from lienthong.exchange.domain.vxp.operations import ParameterInvalid, kind_of, status_named
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId

VIETNAM: Final = timezone(timedelta(hours=7))
"""Dates of a call are meant in this zone. Source: Decree 30/2020/NĐ-CP, times of signing."""
DEFAULT_PAGE_SIZE: Final = 1000
MAX_PAGE_SIZE: Final = 1000
"""Lines of one answer: some 300 KB."""
MAX_PAGE_INDEX: Final = 1_000_000
_DATE_FORMS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S")
WAITING: Final = frozenset({TransportStatus.INITIAL, TransportStatus.PROCESSING})
_SET_BY_UPDATE: Final = frozenset({TransportStatus.PROCESSING, TransportStatus.DONE, TransportStatus.FAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedQuery:
    """Deliveries at this node to ``agencies``. ``since`` inclusive, ``until`` exclusive; None: without end."""

    agencies: Collection[AgencyCode]
    kind: DocumentKind | None
    statuses: Collection[TransportStatus]
    since: datetime | None = None
    until: datetime | None = None
    limit: int = DEFAULT_PAGE_SIZE
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One line of a list of what arrived."""

    delivery: DeliveryId
    document: DocumentId
    kind: DocumentKind
    sender: AgencyCode
    agency: AgencyCode
    status: TransportStatus
    detail: str
    stored_at: datetime
    updated_at: datetime


def received_query(call: VerifiedCall, agencies: Collection[AgencyCode]) -> ReceivedQuery:
    """What a ``getReceivedEdocList`` asks for.

    Without a status it lists what waits; with dates and no status, everything of those days. Parameters of earlier
    calls come along, and two of them would hide documents: ``to`` of a ``sendEdoc`` and ``status`` of an
    ``updateStatus``. They count only where they cannot be left over from those.

    Raises:
        ParameterInvalid: A value cannot be used.
    """
    since = _moment(call, "fromDate")
    until = _moment(call, "toDate", whole_day=True)
    status = status_named(call.parameter("status"))
    if status in _SET_BY_UPDATE and (call.parameter("docId") or call.parameter("docid")):
        status = None
    everything = frozenset(TransportStatus)
    statuses = frozenset({status}) if status else everything if since or until else WAITING
    size = _number(call, "pageSize", default=DEFAULT_PAGE_SIZE, most=MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE
    index = _number(call, "pageIndex", default=1, most=MAX_PAGE_INDEX)
    return ReceivedQuery(
        agencies=agencies,
        kind=kind_of(call.parameter("messagetype")),
        statuses=statuses,
        since=since,
        until=until,
        limit=size,
        offset=size * (max(index, 1) - 1),  # who counts pages from 0 sees the first one twice, and misses none
    )


def wanted_recipients(call: VerifiedCall, own: Mapping[str, AgencyCode]) -> Collection[AgencyCode]:
    """Which of the system's agencies a list is about: those in ``to``, a JSON array or one code, else all.

    ``to`` counts only where it cannot be left over from a ``sendEdoc``, and names nobody but the system's own.

    Args:
        call: The call.
        own: Every code, old or new, of an agency that the system may act for, to its code.
    """
    text = "" if call.parameter("hash-file") else call.parameter("to").strip()
    named = _codes(text)
    if not named or not own.keys() >= set(named):
        return frozenset(own.values())
    return frozenset(own[code] for code in named)


def _codes(text: str) -> Sequence[str]:
    if not text.startswith("["):
        return [text] if text else []
    try:
        codes = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [code for code in codes if isinstance(code, str)]


def _moment(call: VerifiedCall, name: str, *, whole_day: bool = False) -> datetime | None:
    text = call.parameter(name).strip()
    if not text:
        return None
    for form in _DATE_FORMS:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=VIETNAM)
        except ValueError:
            continue
        return (found + timedelta(days=1) if whole_day and ":" not in form else found).astimezone(UTC)
    raise ParameterInvalid(
        f"{name} is a date such as 2026-07-01 or 01/07/2026, with or without a time such as 08:30:00.",
        facts={"parameter": name},
    )


def _number(call: VerifiedCall, name: str, *, default: int, most: int) -> int:
    text = call.parameter(name).strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise ParameterInvalid(f"{name} is a number up to {most}.", facts={"parameter": name})
    return int(text)


def shown_time(moment: datetime) -> str:
    """A time as lists show it: ISO 8601, to the second, in Vietnam's zone."""
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")
