"""The sender's deadline: what nobody has claimed by then comes back; pure.

The recipient's node decides: it knows the deadline, and lets nobody claim the document afterwards. The origin decides
only where it never heard that the document arrived, and waits a good while longer (``Settings.expiry_grace``).
"""

from datetime import datetime, timedelta
from typing import Final

from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.edxml.model import BusinessType
from lienthong.shared.errors import InvalidInput

LONGEST: Final = timedelta(days=366)
"""A deadline further away is a slip of the pen."""


class DeadlineInvalid(InvalidInput):
    """``Lienthong-Expires`` is no time, is over, is too far away, or stands with something that has no deadline."""

    code = "deadline-invalid"
    title = "The deadline cannot be kept"


def deadline_in(text: str | None) -> datetime | None:
    """The time that the header ``Lienthong-Expires`` gives, aware; None when it is not sent.

    Raises:
        DeadlineInvalid: It is no time of RFC 3339 with its offset.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise DeadlineInvalid(
            "Write Lienthong-Expires as a time of RFC 3339 with its offset: 2026-03-02T17:00:00+07:00."
        )
    return found


def check_deadline(
    expires_at: datetime | None, *, now: datetime, kind: DocumentKind, business_type: BusinessType | None
) -> None:
    """Whether what is submitted at ``now`` may have that deadline.

    Raises:
        DeadlineInvalid: It is over or more than :data:`LONGEST` away; or the package speaks of another document.
    """
    if expires_at is None:
        return
    if kind is not DocumentKind.DOCUMENT or business_type is not BusinessType.NEW:
        raise DeadlineInvalid("Only a new document has a deadline; a status, recall, update or replacement has none.")
    if not now < expires_at <= now + LONGEST:
        raise DeadlineInvalid(f"The deadline must lie ahead, at most {LONGEST.days} days.")


def is_expired(expires_at: datetime | None, *, now: datetime) -> bool:
    """Whether nobody may claim the document at ``now`` any more."""
    return expires_at is not None and expires_at <= now
