"""The log of signatures made with remote keys, and how many there may be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lienthong.shared.identifiers import AgencyCode, Sha256
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import CallerKind, kind_of
from lienthong.signing.domain.records import AGENCY_ITSELF, Serial
from lienthong.signing.errors import TooManySignatures

SIGNED: Final = "signed"
"""The outcome of a signature that was given out; any other is the code of the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureOrder:
    """What is to be signed, how, and with whose key. ``digest`` is of the bytes as the caller sent them."""

    agency: AgencyCode
    officer: str = AGENCY_ITSELF
    format: str
    digest: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEntry:
    """One line of the log. ``id`` is a UUIDv7, ``caller`` the token's subject; ``serial`` None: no key was opened."""

    id: str
    at: datetime
    caller: str
    order: SignatureOrder
    serial: Serial | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLimits:
    """At most so many in any time of length ``window``, with one key and by one caller."""

    per_key: int
    per_caller: int
    window: timedelta


def require_within(last: datetime | None, limits: SignatureLimits, *, now: datetime, whose: str) -> None:
    """Raises :class:`TooManySignatures` while ``last``, the oldest that fills the limit, is within the window."""
    if last is not None and last + limits.window > now:
        raise TooManySignatures(
            f"This {whose} has made as many signatures as it may; try again later.",
            retry_after=max(last + limits.window - now, timedelta(seconds=1)),
        )


def visible_to(caller: Principal) -> tuple[AgencyCode | None, str | None]:
    """What of the log a caller may read, as (agency, caller): an agency's, a node's own, for an operator all."""
    return caller.agency, caller.client_id if kind_of(caller) is CallerKind.NODE else None
