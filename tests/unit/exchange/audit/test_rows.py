"""A sound row gives no finding; each thing that can be wrong with one gives exactly its own."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest

from lienthong.exchange.domain.audit import ADVICE, STUCK_AFTER, Check, Finding, Severity
from lienthong.exchange.domain.audit_rows import (
    EntryFacts,
    EvidenceFacts,
    MessageFacts,
    PackageFacts,
    StoredFacts,
    SubmissionFacts,
    check_entry,
    check_evidence,
    check_message,
    check_package,
    check_stored,
    check_submission,
)
from lienthong.exchange.domain.retention import ORPHAN_AGE
from lienthong.shared.identifiers import DeliveryId, DocumentId, EvidenceId, MessageId, NodeId, Sha256
from tests.support.pki import NOW

HERE = NodeId("H28")
DIGEST = Sha256("a" * 64)
MOMENT = timedelta(seconds=1)
SUBMISSION = SubmissionFacts(
    key="k", document=DocumentId("d-1"), origin=HERE, receipt="a.b.c", receipts=frozenset({"a.b.c"})
)
MESSAGE = MessageFacts(
    id=MessageId("m-1"),
    is_readable=True,
    names=DocumentId("d-1"),
    package=DIGEST,
    is_known=True,
    unknown_deliveries=frozenset(),
)
EVIDENCE = EvidenceFacts(id=EvidenceId("e-1"), time=NOW, is_logged=False, is_pending=True)
ENTRY = EntryFacts(index=7, leaf_hash=DIGEST, expected=DIGEST)
PACKAGE = PackageFacts(sha256=DIGEST, size=10, is_going=False, stored_size=10)
STORED = StoredFacts(sha256=DIGEST, modified_at=NOW - ORPHAN_AGE - MOMENT, is_named=True, is_going=False)


def kinds(findings: Iterator[Finding]) -> list[tuple[Check, Severity]]:
    return [(one.check, one.severity) for one in findings]


def test_every_check_says_what_to_do() -> None:
    assert set(ADVICE) == set(Check)


@pytest.mark.parametrize(
    ("origin", "receipts", "check"),
    [
        (None, {"a.b.c"}, Check.SUBMISSION_DOCUMENT),
        (NodeId("G22"), {"a.b.c"}, Check.SUBMISSION_DOCUMENT),
        (HERE, set(), Check.SUBMISSION_RECEIPT),
        (HERE, {"x.y.z"}, Check.SUBMISSION_RECEIPT),
    ],
)
def test_a_receipt_for_nothing_is_found(origin: NodeId | None, receipts: set[str], check: Check) -> None:
    changed = dataclasses.replace(SUBMISSION, origin=origin, receipts=frozenset(receipts))

    assert kinds(check_submission(SUBMISSION, here=HERE)) == []
    assert kinds(check_submission(changed, here=HERE)) == [(check, Severity.BROKEN)]


def test_a_message_that_speaks_of_what_is_not_here_is_found() -> None:
    wrong = [
        dataclasses.replace(MESSAGE, is_readable=False),
        dataclasses.replace(MESSAGE, is_known=False),
        dataclasses.replace(MESSAGE, unknown_deliveries=frozenset({DeliveryId("v-x")})),
    ]

    assert kinds(check_message(MESSAGE, has_package=True)) == []
    assert kinds(check_message(MESSAGE, has_package=False)) == [(Check.OUTBOX_NAMES, Severity.BROKEN)]
    for one in wrong:
        assert kinds(check_message(one, has_package=True)) == [(Check.OUTBOX_NAMES, Severity.BROKEN)]


def test_evidence_is_logged_or_waits_and_not_for_long() -> None:
    forgotten = dataclasses.replace(EVIDENCE, is_pending=False)

    assert kinds(check_evidence(EVIDENCE, now=NOW + STUCK_AFTER)) == []
    assert kinds(check_evidence(dataclasses.replace(forgotten, is_logged=True), now=NOW)) == []
    assert kinds(check_evidence(forgotten, now=NOW)) == [(Check.EVIDENCE_LOGGED, Severity.BROKEN)]
    late = kinds(check_evidence(EVIDENCE, now=NOW + STUCK_AFTER + MOMENT))
    assert late == [(Check.EVIDENCE_LOGGED, Severity.STUCK)]


def test_a_gap_in_the_log_and_an_entry_that_is_not_its_statement_are_found() -> None:
    changed = dataclasses.replace(ENTRY, expected="b" * 64)

    assert kinds(check_entry(ENTRY, expected_index=7)) == []
    assert kinds(check_entry(ENTRY, expected_index=6)) == [(Check.LOG_ENTRY, Severity.BROKEN)]
    assert kinds(check_entry(changed, expected_index=7)) == [(Check.LOG_ENTRY, Severity.BROKEN)]
    assert kinds(check_entry(dataclasses.replace(ENTRY, expected=""), expected_index=7)) != []


def test_a_package_that_is_missing_short_or_changed_is_found_unless_it_was_taken_away() -> None:
    missing = dataclasses.replace(PACKAGE, stored_size=None)
    changed = dataclasses.replace(PACKAGE, read_sha256="b" * 64)

    assert kinds(check_package(PACKAGE)) == kinds(check_package(dataclasses.replace(missing, is_going=True))) == []
    assert kinds(check_package(dataclasses.replace(PACKAGE, read_sha256=DIGEST))) == []
    assert kinds(check_package(missing)) == [(Check.PACKAGE_PRESENT, Severity.BROKEN)]
    assert kinds(check_package(dataclasses.replace(PACKAGE, stored_size=9))) == [(Check.PACKAGE_SIZE, Severity.BROKEN)]
    assert kinds(check_package(changed)) == [(Check.PACKAGE_DIGEST, Severity.BROKEN)]


def test_a_package_that_nobody_names_is_left_over_once_it_is_old() -> None:
    orphan = dataclasses.replace(STORED, is_named=False)

    assert kinds(check_stored(STORED, now=NOW)) == []
    assert kinds(check_stored(dataclasses.replace(orphan, modified_at=NOW - ORPHAN_AGE), now=NOW)) == []
    assert kinds(check_stored(dataclasses.replace(orphan, is_going=True), now=NOW)) == []
    assert kinds(check_stored(orphan, now=NOW)) == [(Check.PACKAGE_NAMED, Severity.LEFT_OVER)]
