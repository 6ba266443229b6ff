"""A sound document gives no finding; each thing that can be wrong with it gives exactly its own."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from lienthong.exchange.domain.audit import STUCK_AFTER, UNTAKEN_AFTER, Check, Severity
from lienthong.exchange.domain.audit_documents import (
    DeliveryFacts,
    DocumentFacts,
    Statement,
    StatusFacts,
    check_document,
)
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, EvidenceId, NodeId, Sha256, new_uuid
from tests.support.pki import NOW

HERE, FAR = NodeId("H28"), NodeId("G22")
DOCUMENT = DocumentId("d-1")
LOCAL, REMOTE = DeliveryId("v-local"), DeliveryId("v-remote")
MOMENT = timedelta(seconds=1)


def stated(event: Event, *deliveries: DeliveryId, issuer: NodeId = HERE, **changes: Any) -> Statement:
    return dataclasses.replace(
        Statement(
            id=EvidenceId(new_uuid()),
            event=event,
            issuer=issuer,
            about=DOCUMENT,
            reason_code="",
            deliveries=frozenset(deliveries),
        ),
        **changes,
    )


def delivery(id_: DeliveryId, **changes: Any) -> DeliveryFacts:
    is_local = id_ == LOCAL
    made = DeliveryFacts(
        id=id_,
        agency=AgencyCode(f"agency of {id_}"),
        node=HERE if is_local else FAR,
        is_local=is_local,
        status=TransportStatus.INITIAL,
        reason="",
        business_status=None,
        updated_at=NOW,
    )
    return dataclasses.replace(made, **changes)


ACCEPTED = stated(Event.SUBMISSION_ACCEPTANCE, LOCAL, REMOTE)
CONSIGNED = stated(Event.CONTENT_CONSIGNMENT, LOCAL)
SOUND = DocumentFacts(
    id=DOCUMENT,
    origin=HERE,
    sha256=Sha256("a" * 64),
    size=10,
    stored_at=NOW,
    is_submitted=True,
    deliveries=(delivery(LOCAL), delivery(REMOTE)),
    statements=(ACCEPTED, CONSIGNED),
    statuses=(),
    waiting=frozenset({REMOTE}),
)


def found(facts: DocumentFacts, *, after: timedelta = timedelta()) -> list[tuple[Check, Severity]]:
    return [(one.check, one.severity) for one in check_document(facts, here=HERE, now=NOW + after)]


def standing(status: TransportStatus, *statements: Statement, reason: str = "") -> DocumentFacts:
    """The remote delivery at ``status``, with those statements about it."""
    changed = (delivery(LOCAL), delivery(REMOTE, status=status, reason=reason))
    return dataclasses.replace(SOUND, deliveries=changed, statements=(*SOUND.statements, *statements))


def answered(*codes: tuple[str, bool], stands: str | None) -> DocumentFacts:
    statuses = tuple(
        StatusFacts(
            id=DocumentId(new_uuid()), delivery=LOCAL, code=BusinessStatus(code), applied=applied, has_package=True
        )
        for code, applied in codes
    )
    local = delivery(LOCAL, business_status=BusinessStatus(stands) if stands else None)
    return dataclasses.replace(SOUND, deliveries=(local, delivery(REMOTE)), statuses=statuses)


def handed(**changes: Any) -> Statement:
    return stated(Event.CONTENT_HANDOVER, REMOTE, issuer=FAR, **changes)


def failed(code: str) -> Statement:
    return stated(Event.CONTENT_HANDOVER_FAILURE, REMOTE, issuer=FAR, reason_code=code)


SOUND_ONES: dict[str, DocumentFacts] = {
    "as it was taken over": SOUND,
    "taken": standing(TransportStatus.DONE, handed()),
    "failed with a reason": standing(TransportStatus.FAIL, failed("expired"), reason="expired"),
    "failed before reasons had a column": standing(TransportStatus.FAIL, failed("expired")),
    "given up here and taken there": standing(TransportStatus.DONE, failed("expired"), handed()),
    "an answer to a recall": answered(("03", True), ("15", True), stands="03"),
    "statuses that overtook each other": answered(("05", True), ("03", False), ("06", True), stands="06"),
}


@pytest.mark.parametrize("name", SOUND_ONES)
def test_a_sound_document_gives_no_finding(name: str) -> None:
    assert found(SOUND_ONES[name]) == []


BROKEN: dict[str, tuple[DocumentFacts, list[Check]]] = {
    "the receipt is lost": (dataclasses.replace(SOUND, statements=(CONSIGNED,)), [Check.DOCUMENT_RECEIPT]),
    "the record of its submission is lost": (
        dataclasses.replace(SOUND, is_submitted=False),
        [Check.DOCUMENT_SUBMISSION],
    ),
    "a delivery is lost": (
        dataclasses.replace(SOUND, deliveries=(delivery(LOCAL),)),
        [Check.DELIVERIES_ACCEPTED],
    ),
    "a delivery that was never promised": (
        dataclasses.replace(SOUND, deliveries=(*SOUND.deliveries, delivery(DeliveryId("v-x")))),
        [Check.DELIVERIES_ACCEPTED],
    ),
    "two deliveries to one agency": (
        dataclasses.replace(
            SOUND, deliveries=(delivery(LOCAL, agency=AgencyCode("X")), delivery(REMOTE, agency=AgencyCode("X")))
        ),
        [Check.DELIVERY_ONCE],
    ),
    "in an inbox without evidence": (
        dataclasses.replace(SOUND, statements=(ACCEPTED,)),
        [Check.DELIVERY_WITNESSED],
    ),
    "done and nobody said so": (standing(TransportStatus.DONE), [Check.DELIVERY_ENDED]),
    "done by evidence of a failure": (standing(TransportStatus.DONE, failed("expired")), [Check.DELIVERY_ENDED]),
    "failed without a reason": (standing(TransportStatus.FAIL, failed("")), [Check.DELIVERY_ENDED]),
    "failed for another reason than was stated": (
        standing(TransportStatus.FAIL, failed("expired"), reason="recalled"),
        [Check.DELIVERY_ENDED],
    ),
    "back at the beginning after it was taken": (
        standing(TransportStatus.INITIAL, handed()),
        [Check.DELIVERY_FORWARD],
    ),
    "in work after it was taken": (standing(TransportStatus.PROCESSING, handed()), [Check.DELIVERY_FORWARD]),
    "a status that was applied and is not shown": (answered(("03", True), stands=None), [Check.BUSINESS_FORWARD]),
    "a status that moved backwards": (answered(("03", True), ("05", True), stands="03"), [Check.BUSINESS_FORWARD]),
    "a status that nobody sent": (answered(stands="03"), [Check.BUSINESS_FORWARD]),
    "two ends": (answered(("02", True), ("06", True), stands="06"), [Check.BUSINESS_FORWARD]),
    "evidence of another document": (
        dataclasses.replace(
            SOUND,
            statements=(
                *SOUND.statements,
                dataclasses.replace(handed(), about=DocumentId("d-2"), deliveries=frozenset()),
            ),
        ),
        [Check.EVIDENCE_DOCUMENT],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_thing_that_is_wrong_is_found_as_itself(name: str) -> None:
    facts, checks = BROKEN[name]

    assert found(facts) == [(check, Severity.BROKEN) for check in checks]


def test_a_status_without_its_package_is_found() -> None:
    facts = answered(("03", True), stands="03")
    lost = tuple(dataclasses.replace(one, has_package=False) for one in facts.statuses)

    assert found(dataclasses.replace(facts, statuses=lost)) == [(Check.STATUS_DOCUMENT, Severity.BROKEN)]


def test_what_passed_through_needs_evidence_of_it_and_may_stay_open_for_ever() -> None:
    relayed = dataclasses.replace(
        SOUND,
        origin=NodeId("H28.31"),
        is_submitted=False,
        deliveries=(delivery(REMOTE),),
        statements=(
            stated(Event.SUBMISSION_ACCEPTANCE, REMOTE, issuer=NodeId("H28.31")),
            stated(Event.RELAY_ACCEPTANCE, REMOTE),
        ),
    )

    assert found(relayed, after=10 * UNTAKEN_AFTER) == []
    assert found(dataclasses.replace(relayed, statements=relayed.statements[:1])) == [
        (Check.DELIVERY_WITNESSED, Severity.BROKEN)
    ]


@pytest.mark.parametrize("waiting", [frozenset({REMOTE}), frozenset[DeliveryId]()])
def test_what_is_under_way_is_stuck_when_it_takes_too_long(waiting: frozenset[DeliveryId]) -> None:
    facts = dataclasses.replace(SOUND, waiting=waiting)

    assert found(facts, after=STUCK_AFTER) == []
    assert found(facts, after=STUCK_AFTER + MOMENT) == [(Check.DELIVERY_MOVING, Severity.STUCK)]


def test_what_nobody_takes_out_of_an_inbox_is_stuck_after_a_week() -> None:
    there = stated(Event.CONTENT_CONSIGNMENT, REMOTE, issuer=FAR)
    facts = standing(TransportStatus.INITIAL, there)

    assert found(facts, after=UNTAKEN_AFTER) == []
    assert found(facts, after=UNTAKEN_AFTER + MOMENT) == [(Check.DELIVERY_MOVING, Severity.STUCK)] * 2
