"""What an audit of a node checks, and what it may find; pure. The rules are in ``audit_documents`` and ``audit_rows``.

A *broken* finding says that a promise of the platform does not hold. *Stuck* says that something is on its way for
longer than it should; nothing is lost. *Left over* is what costs room and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

STUCK_AFTER: Final = timedelta(hours=24)
"""What is between two nodes for longer is stuck; so is evidence that waits for the log."""
UNTAKEN_AFTER: Final = timedelta(days=7)
"""What lies in an inbox for longer, and nobody has acknowledged it, is stuck."""


class Severity(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    STUCK = "stuck"
    LEFT_OVER = "left-over"


class Check(StrEnum):
    """One invariant. The values are stable."""

    SUBMISSION_DOCUMENT = "submission-document"
    """Every submission that was answered has its document."""
    SUBMISSION_RECEIPT = "submission-receipt"
    """The receipt in every answer is evidence of that document."""
    DOCUMENT_RECEIPT = "document-receipt"
    """Every document has the acceptance of the node that took it over."""
    DOCUMENT_SUBMISSION = "document-submission"
    """Every document that was taken over here has the record of its submission."""
    DELIVERIES_ACCEPTED = "deliveries-accepted"
    """A document has exactly the deliveries that its receipt promises."""
    DELIVERY_ONCE = "delivery-once"
    """A document is delivered to an agency at most once."""
    DELIVERY_WITNESSED = "delivery-witnessed"
    """What lies in an inbox here, or went on from here, has this node's evidence of it."""
    DELIVERY_ENDED = "delivery-ended"
    """Every delivery that ended did so by evidence; a failed one names its reason."""
    DELIVERY_FORWARD = "delivery-forward"
    """No delivery stands before what is proven of it."""
    DELIVERY_MOVING = "delivery-moving"
    """Every delivery that has not ended is on its way, or in its recipient's inbox."""
    BUSINESS_FORWARD = "business-forward"
    """Business statuses moved forward only, and each delivery stands at the last."""
    STATUS_DOCUMENT = "status-document"
    """Every status has its package."""
    EVIDENCE_DOCUMENT = "evidence-document"
    """Every piece of evidence is kept beside the document that it speaks of."""
    PACKAGE_PRESENT = "package-present"
    """Every document's package is in the store, unless retention took it away."""
    PACKAGE_SIZE = "package-size"
    """It is as long as its documents say."""
    PACKAGE_DIGEST = "package-digest"
    """It has the digest under which it is stored (only when its bytes are read)."""
    PACKAGE_NAMED = "package-named"
    """Every package in the store belongs to a document."""
    OUTBOX_NAMES = "outbox-names"
    """Every message that waits speaks of a document, deliveries and a package that are here."""
    EVIDENCE_LOGGED = "evidence-logged"
    """Every statement of this node is in its log, or waits for it."""
    LOG_ENTRY = "log-entry"
    """The log's entries follow each other without a gap, and each is the hash of its statement."""


ADVICE: Final[Mapping[Check, str]] = MappingProxyType(
    {
        Check.SUBMISSION_DOCUMENT: "The sender holds a receipt for nothing. Restore the database; ask it to send anew.",
        Check.SUBMISSION_RECEIPT: "Compare with the sender's receipt; restore evidence from a backup or the recipient.",
        Check.DOCUMENT_RECEIPT: "Restore the evidence from a backup; origin and recipient have it too.",
        Check.DOCUMENT_SUBMISSION: "The sender's repeat would be a second document. Restore the table submissions.",
        Check.DELIVERIES_ACCEPTED: "Restore the table deliveries; the receipt says which there were.",
        Check.DELIVERY_ONCE: "Ask the recipient whether it took the document twice; keep both rows as proof.",
        Check.DELIVERY_WITNESSED: "Restore the evidence from a backup; the origin has what was sent home.",
        Check.DELIVERY_ENDED: "Compare with the recipient's node: lienthong admin audit with both profiles.",
        Check.DELIVERY_FORWARD: "Somebody wrote into the database. Compare with the recipient's node.",
        Check.DELIVERY_MOVING: "See lienthong admin destinations, and the dead letters of the next node.",
        Check.BUSINESS_FORWARD: "Somebody wrote into the database. The timeline has the order.",
        Check.STATUS_DOCUMENT: "Restore the tables documents and statuses from one backup.",
        Check.EVIDENCE_DOCUMENT: "Restore the table evidence; the log proves what was stated.",
        Check.PACKAGE_PRESENT: "Restore the package from a backup, or fetch it from the origin's or recipient's node.",
        Check.PACKAGE_SIZE: "The store damaged it. Restore it from a backup, or from another node.",
        Check.PACKAGE_DIGEST: "The store damaged it. Restore it from a backup, or from another node.",
        Check.PACKAGE_NAMED: "Nothing to do: retention takes it away.",
        Check.OUTBOX_NAMES: "The message cannot be sent. Restore what it names, or delete the row and send anew.",
        Check.EVIDENCE_LOGGED: "See the worker's log: the sequencer does not work, or the row was meddled with.",
        Check.LOG_ENTRY: "Somebody meddled with the log. Its witness has the state of before.",
    }
)
"""What an operator should do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be. ``subject``: the id of the row, or the digest of the package."""

    check: Check
    severity: Severity
    subject: str
    detail: str

    @property
    def advice(self) -> str:
        """What to do about it."""
        return ADVICE[self.check]


def broken(check: Check, subject: str, detail: str) -> Finding:
    """A promise that does not hold."""
    return Finding(check=check, severity=Severity.BROKEN, subject=subject, detail=detail)


def stuck(check: Check, subject: str, detail: str) -> Finding:
    """Something that takes too long."""
    return Finding(check=check, severity=Severity.STUCK, subject=subject, detail=detail)


def left_over(check: Check, subject: str, detail: str) -> Finding:
    """Something that nobody needs."""
    return Finding(check=check, severity=Severity.LEFT_OVER, subject=subject, detail=detail)
