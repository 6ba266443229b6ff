"""Marks on a document: what was not known yet when it was accepted. Nothing waits for them, and they clear; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lienthong.shared.signatures.report import Report, SubIndication

FIRST_PAUSE: Final = timedelta(seconds=30)
"""Between a document's acceptance and the second look at its certificates."""
LONGEST_PAUSE: Final = timedelta(days=1)
"""Between two later looks."""
PATIENCE: Final = timedelta(days=14)
"""After that nobody is asked any more, and the mark stays: an authority that never says anything costs no more work."""
SIGNER_REVOKED: Final = "signer-revoked"
"""The alarm about documents whose signer turned out to have been revoked before they were received."""
_REVOKED: Final = {SubIndication.REVOKED, SubIndication.REVOKED_NO_POE}


class RevocationMark(StrEnum):
    """What this node knows about the revocation of the certificates that signed a document."""

    KNOWN = "known"
    """Nothing is open: they were good, or the report says what they were, or nothing is signed."""
    PENDING = "pending"
    """Accepted while nobody could say; it is asked again."""
    REVOKED = "revoked"
    """Asked again, one turned out to have been revoked before the document was received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterReport:
    """A second verdict, about the moment of receipt, with revocation data of ``checked_at``. ``report`` is JSON."""

    report: dict[str, object]
    checked_at: datetime
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """``stamped_at``: what a time stamp proves of the acceptance here; None: the time stamp is pending."""

    stamped_at: datetime | None
    revocation: RevocationMark


def is_revocation_open(report: Report) -> bool:
    """Whether a signature is not judged to the end only because nobody could say if a certificate was revoked.

    Source: ETSI EN 319 102-1 clause 5.1.3, table 6 (TRY_LATER).
    """
    return any(one.sub_indication is SubIndication.TRY_LATER for one in report.signatures)


def turned_out_revoked(report: Report) -> bool:
    """Whether a later report says that a certificate was revoked at the moment of receipt."""
    return any(one.sub_indication in _REVOKED for one in report.signatures)


def revocation_mark(*, is_pending: bool, is_revoked: bool | None) -> RevocationMark:
    """The mark from what is stored; ``is_revoked`` None: there is no later report."""
    if is_pending:
        return RevocationMark.PENDING
    return RevocationMark.REVOKED if is_revoked else RevocationMark.KNOWN


def next_attempt(since: datetime, now: datetime) -> datetime:
    """When to ask again about what is open ``since`` then: after half of that time.

    So a mark stays half as long as the outage was at most, and one that never clears was looked at 25 times.
    """
    return now + min(max((now - since) / 2, FIRST_PAUSE), LONGEST_PAUSE)
