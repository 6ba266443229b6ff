"""What happened to a document, in the order of time; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.domain.amendments import Amendment
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.marks import LaterReport
from lienthong.exchange.domain.visibility import Delivery
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.identifiers import DeliveryId, DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidStatus:
    """A business status as it is kept. ``applied`` False: late or repeated; kept, not applied."""

    id: DocumentId
    delivery: DeliveryId
    code: BusinessStatus
    description: str
    staff: StaffInfo | None
    at: datetime
    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A status, and the delivery that it is about."""

    status: SaidStatus
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A recall, update or replacement, and the delivery that it speaks of."""

    amendment: Amendment
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Evidence of the node that is asked. ``stamped_at``: what a time stamp over its log proves; None: pending."""

    piece: SealedEvidence
    stamped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry: evidence, of other nodes or logged here, a status of one recipient, or a second verdict."""

    at: datetime
    what: SealedEvidence | Logged | Answered | Amended | LaterReport


def merged(
    evidence: Sequence[SealedEvidence | Logged],
    statuses: Sequence[SaidStatus],
    *,
    deliveries: Sequence[Delivery],
    amendments: Sequence[Amendment] = (),
    later: LaterReport | None = None,
) -> tuple[Happened, ...]:
    """Everything about ``deliveries``, which are those that the viewer may see, in the order of time.

    Ids grow with time at one node and settle which of two things of the same moment came first.
    """
    visible = {delivery.id: delivery for delivery in deliveries}
    entries = [
        (claims.time, str(claims.id), Happened(at=claims.time, what=one))
        for one in evidence
        for claims in ((one.piece if isinstance(one, Logged) else one).claims,)
        if any(recipient.delivery in visible for recipient in claims.recipients)
    ]
    entries += [
        (
            status.at,
            str(status.id),
            Happened(at=status.at, what=Answered(status=status, delivery=visible[status.delivery])),
        )
        for status in statuses
        if status.delivery in visible
    ]
    entries += [
        (one.asked_at, str(one.request), Happened(at=one.asked_at, what=Amended(amendment=one, delivery=about)))
        for one in amendments
        if (about := visible.get(one.delivery)) is not None
    ]
    if later is not None:
        entries.append((later.checked_at, "", Happened(at=later.checked_at, what=later)))
    return tuple(entry for _, _, entry in sorted(entries, key=lambda one: one[:2]))
