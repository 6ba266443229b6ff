"""The invariants of single rows and packages; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.domain.audit import STUCK_AFTER, Check, Finding, broken, left_over, stuck
from lienthong.exchange.domain.retention import ORPHAN_AGE
from lienthong.shared.identifiers import DeliveryId, DocumentId, EvidenceId, MessageId, NodeId, Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionFacts:
    """One row of ``submissions``. ``receipt``: that of its answer; ``receipts``: the document's acceptances."""

    key: str
    document: DocumentId
    origin: NodeId | None
    """Of the document, as it is here; None: there is none."""
    receipt: str
    receipts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """One row of ``outbox``. ``names``: the document that it carries, None if it carries none."""

    id: MessageId
    is_readable: bool
    names: DocumentId | None
    package: Sha256 | None
    is_known: bool
    """The document is here, with that package."""
    unknown_deliveries: frozenset[DeliveryId]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFacts:
    """One statement of this node."""

    id: EvidenceId
    time: datetime
    is_logged: bool
    is_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """One entry of this node's log. ``expected``: the hash of its statement; empty: there is none."""

    index: int
    leaf_hash: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFacts:
    """A package as documents name it, and as it is in the store."""

    sha256: Sha256
    size: int
    is_going: bool
    """Retention marked it, or took it away."""
    stored_size: int | None
    """None: it is not in the store."""
    read_sha256: str | None = None
    """What its bytes really hash to; None: nobody read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """A package as the store lists it."""

    sha256: Sha256
    modified_at: datetime
    is_named: bool
    is_going: bool


def check_submission(facts: SubmissionFacts, *, here: NodeId) -> Iterator[Finding]:
    """A submission that was answered has its document, and the document that very receipt."""
    if facts.origin != here:
        what = "is not here" if facts.origin is None else f"was taken over by {facts.origin}"
        yield broken(
            Check.SUBMISSION_DOCUMENT, facts.document, f"The submission '{facts.key}' was answered; it {what}."
        )
    elif facts.receipt not in facts.receipts:
        yield broken(Check.SUBMISSION_RECEIPT, facts.document, "The receipt in the answer is not kept as evidence.")


def check_message(facts: MessageFacts, *, has_package: bool) -> Iterator[Finding]:
    """A message that waits can be sent, and speaks of what is here. ``has_package``: the store has what it carries."""
    if not facts.is_readable:
        yield broken(Check.OUTBOX_NAMES, facts.id, "Its envelope cannot be read.")
        return
    if facts.names is None:
        return
    if not facts.is_known:
        yield broken(Check.OUTBOX_NAMES, facts.id, f"It carries the document {facts.names}, which is not here.")
        return
    for delivery in sorted(facts.unknown_deliveries):
        yield broken(Check.OUTBOX_NAMES, facts.id, f"It carries the delivery {delivery}, which is not here.")
    if not has_package:
        yield broken(Check.OUTBOX_NAMES, facts.id, f"The package of {facts.names} is not in the store.")


def check_evidence(facts: EvidenceFacts, *, now: datetime) -> Iterator[Finding]:
    """A statement of this node is in the log, or waits for it and not for long."""
    if facts.is_logged:
        return
    if not facts.is_pending:
        yield broken(Check.EVIDENCE_LOGGED, facts.id, "It is neither in the log nor waits for it.")
    elif now - facts.time > STUCK_AFTER:
        yield stuck(Check.EVIDENCE_LOGGED, facts.id, f"It has waited for the log for {now - facts.time}.")


def check_entry(facts: EntryFacts, *, expected_index: int) -> Iterator[Finding]:
    """An entry stands where it should and is the hash of its statement."""
    if facts.index != expected_index:
        yield broken(Check.LOG_ENTRY, str(expected_index), f"The log goes on with {facts.index}.")
    if facts.leaf_hash != facts.expected:
        yield broken(Check.LOG_ENTRY, str(facts.index), "The entry is not the hash of its statement.")


def check_package(facts: PackageFacts) -> Iterator[Finding]:
    """A package is there, as long as it should be, and what it should be."""
    if facts.is_going:
        return
    if facts.stored_size is None:
        yield broken(Check.PACKAGE_PRESENT, facts.sha256, "Documents name it; it is not in the store.")
    elif facts.stored_size != facts.size:
        detail = f"It has {facts.stored_size} bytes in the store, and {facts.size} in its documents."
        yield broken(Check.PACKAGE_SIZE, facts.sha256, detail)
    elif facts.read_sha256 not in {None, facts.sha256}:
        yield broken(Check.PACKAGE_DIGEST, facts.sha256, f"Its bytes have the digest {facts.read_sha256}.")


def check_stored(facts: StoredFacts, *, now: datetime) -> Iterator[Finding]:
    """A package in the store belongs to a document, or is too young to tell."""
    if facts.is_named or facts.is_going or now - facts.modified_at <= ORPHAN_AGE:
        return
    yield left_over(Check.PACKAGE_NAMED, facts.sha256, f"No document has it; it was stored at {facts.modified_at}.")
