"""The invariants of one document with its deliveries, evidence and statuses; pure.

All facts are of one snapshot. A use case writes in one transaction, so within a snapshot nothing is half done; what
is between two nodes is told from what is lost by evidence, outbox rows, and age.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lienthong.exchange.domain.audit import STUCK_AFTER, UNTAKEN_AFTER, Check, Finding, broken, stuck
from lienthong.exchange.domain.business_status import ANSWERS, moves
from lienthong.exchange.domain.business_status import FINAL as LAST_ANSWERS
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.testimony import MAX_REASON_CODE_LENGTH, OUTCOME
from lienthong.exchange.domain.transport_status import FINAL
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, EvidenceId, NodeId, Sha256

_ARRIVALS: Final = frozenset({Event.RELAY_ACCEPTANCE, Event.CONTENT_CONSIGNMENT})
"""The next hop, or the recipient's node, has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFacts:
    """One row of ``deliveries``."""

    id: DeliveryId
    agency: AgencyCode
    node: NodeId
    is_local: bool
    status: TransportStatus
    reason: str
    business_status: BusinessStatus | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One row of ``evidence``. ``about``: the document that it speaks of; ``deliveries``: those that it names."""

    id: EvidenceId
    event: Event
    issuer: NodeId
    about: DocumentId
    reason_code: str
    deliveries: frozenset[DeliveryId]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFacts:
    """One row of ``statuses``. ``has_package``: the status is a document here."""

    id: DocumentId
    delivery: DeliveryId
    code: BusinessStatus
    applied: bool
    has_package: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """A document with everything that is kept beside it. ``waiting``: deliveries that an outbox row names."""

    id: DocumentId
    origin: NodeId
    sha256: Sha256
    size: int
    stored_at: datetime
    is_submitted: bool
    deliveries: tuple[DeliveryFacts, ...]
    statements: tuple[Statement, ...]
    statuses: tuple[StatusFacts, ...]
    waiting: frozenset[DeliveryId]


def check_document(facts: DocumentFacts, *, here: NodeId, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong with the document at the node ``here``."""
    yield from _acceptance(facts, here)
    yield from _each_once(facts)
    told = _told(facts)
    for delivery in facts.deliveries:
        statements = told.get(delivery.id, [])
        yield from _witnessed(delivery, facts, statements, here=here)
        if delivery.status in FINAL:
            yield from _ended(delivery, statements)
        elif facts.origin == here or delivery.is_local:
            yield from _open(delivery, facts, statements, now=now)
    yield from _answers(facts)
    for one in facts.statements:
        if one.about != facts.id:
            yield broken(Check.EVIDENCE_DOCUMENT, one.id, f"It speaks of {one.about} and is kept beside {facts.id}.")


def _told(facts: DocumentFacts) -> dict[DeliveryId, list[Statement]]:
    told: dict[DeliveryId, list[Statement]] = {}
    for one in facts.statements:
        for delivery in one.deliveries:
            told.setdefault(delivery, []).append(one)
    return told


def _acceptance(facts: DocumentFacts, here: NodeId) -> Iterator[Finding]:
    accepted = [
        one for one in facts.statements if one.event is Event.SUBMISSION_ACCEPTANCE and one.issuer == facts.origin
    ]
    if not accepted:
        yield broken(Check.DOCUMENT_RECEIPT, facts.id, f"There is no acceptance by {facts.origin}.")
    if facts.origin != here:
        return
    if not facts.is_submitted:
        yield broken(Check.DOCUMENT_SUBMISSION, facts.id, "There is no record of its submission.")
    promised = frozenset[DeliveryId]().union(*(one.deliveries for one in accepted))
    kept = {one.id for one in facts.deliveries}
    for missing in sorted(promised - kept):
        yield broken(Check.DELIVERIES_ACCEPTED, missing, f"The receipt of {facts.id} promises it; it is not there.")
    if accepted:
        for surplus in sorted(kept - promised):
            yield broken(Check.DELIVERIES_ACCEPTED, surplus, f"The receipt of {facts.id} does not name it.")


def _each_once(facts: DocumentFacts) -> Iterator[Finding]:
    for agency, count in Counter(one.agency for one in facts.deliveries).items():
        if count > 1:
            yield broken(Check.DELIVERY_ONCE, facts.id, f"It has {count} deliveries to {agency}.")


def _witnessed(
    delivery: DeliveryFacts, facts: DocumentFacts, statements: list[Statement], *, here: NodeId
) -> Iterator[Finding]:
    own = {one.event for one in statements if one.issuer == here}
    if delivery.is_local and not own & {Event.CONTENT_CONSIGNMENT, *OUTCOME}:
        yield broken(Check.DELIVERY_WITNESSED, delivery.id, "It came to an inbox here, without this node's evidence.")
    if not delivery.is_local and facts.origin != here and Event.RELAY_ACCEPTANCE not in own:
        yield broken(Check.DELIVERY_WITNESSED, delivery.id, "It passed through here, without this node's evidence.")


def _ended(delivery: DeliveryFacts, statements: list[Statement]) -> Iterator[Finding]:
    ends = [one for one in statements if OUTCOME.get(one.event) is delivery.status]
    if not ends:
        yield broken(Check.DELIVERY_ENDED, delivery.id, f"It stands at {delivery.status}, and no evidence says so.")
    elif delivery.status is TransportStatus.FAIL:
        named = {one.reason_code[:MAX_REASON_CODE_LENGTH] for one in ends} - {""}
        if not named or (delivery.reason and delivery.reason not in named):
            yield broken(Check.DELIVERY_ENDED, delivery.id, f"It failed as '{delivery.reason}'; evidence says {named}.")


def _open(
    delivery: DeliveryFacts, facts: DocumentFacts, statements: list[Statement], *, now: datetime
) -> Iterator[Finding]:
    ends = sorted({one.event for one in statements if one.event in OUTCOME})
    if ends:
        yield broken(Check.DELIVERY_FORWARD, delivery.id, f"It stands at {delivery.status} after {', '.join(ends)}.")
        return
    age = now - delivery.updated_at
    has_arrived = any(one.event is Event.CONTENT_CONSIGNMENT for one in statements)
    if has_arrived:
        if age > UNTAKEN_AFTER:
            yield stuck(Check.DELIVERY_MOVING, delivery.id, f"{delivery.agency} has not taken it for {age.days} days.")
    elif age > STUCK_AFTER:
        yield stuck(Check.DELIVERY_MOVING, delivery.id, f"{_whereabouts(delivery, facts, statements)} for {age}.")


def _whereabouts(delivery: DeliveryFacts, facts: DocumentFacts, statements: list[Statement]) -> str:
    if delivery.id in facts.waiting:
        return "It waits here to be sent"
    passed = [one.issuer for one in statements if one.event in _ARRIVALS]
    if passed:
        return f"It was seen last at {passed[-1]}"
    return "It is in no outbox here, and nobody has said that it arrived"


def _answers(facts: DocumentFacts) -> Iterator[Finding]:
    for status in facts.statuses:
        if not status.has_package:
            yield broken(Check.STATUS_DOCUMENT, status.id, f"The status {status.code} of {facts.id} has no package.")
    for delivery in facts.deliveries:
        applied = [
            one.code for one in facts.statuses if one.applied and one.delivery == delivery.id and one.code in ANSWERS
        ]
        stands: BusinessStatus | None = None
        for code in sorted(applied, key=_rank):
            if not moves(stands, code):
                yield broken(Check.BUSINESS_FORWARD, delivery.id, f"{code} was applied after {stands}.")
            stands = code
        if stands != delivery.business_status:
            yield broken(
                Check.BUSINESS_FORWARD,
                delivery.id,
                f"It stands at {delivery.business_status}; {stands} was applied last.",
            )


def _rank(code: BusinessStatus) -> tuple[bool, str]:
    """Statuses overtake each other, so that their times do not tell the order in which they were applied."""
    return code in LAST_ANSWERS, code.value
