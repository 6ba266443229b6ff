"""Systems that speak the national SDK's interface: an id on the wire, and secrets that take turns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from lienthong.shared.contracts.systems import SYSTEM_ID_PATTERN
from lienthong.shared.errors import Conflict, InvalidInput, NotFound
from lienthong.shared.identifiers import AgencyCode

__all__ = ["SYSTEM_ID_PATTERN"]

MIN_SECRET_CHARACTERS: Final = 12
"""Of a secret that an operator brings along from the national platform; those made here have 256 bits."""
MAX_SECRET_CHARACTERS: Final = 200
MAX_GOOD_SECRETS: Final = 3
"""Secrets of one system that are good at once or will be: a call is tried against each."""
DEFAULT_OVERLAP: Final = timedelta(days=14)
"""How long the former secret stays good after a rotation, so that the e-office system can be reconfigured meanwhile."""
MAX_OVERLAP: Final = timedelta(days=90)


class SystemNotFound(NotFound):
    """There is no such system."""

    code = "system-not-found"
    title = "No such system"


class SystemExists(Conflict):
    """The system id is taken."""

    code = "system-exists"
    title = "The system id is taken"


class SystemSecretRefused(InvalidInput):
    """The secret is too short or too long, or too many are good already."""

    code = "system-secret-refused"
    title = "The secret cannot be used"


class ClientWithoutAgency(InvalidInput):
    """A system acts for the agency of its client; this client has none."""

    code = "client-without-agency"
    title = "The client acts for no agency"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSecret:
    """One secret, ``sealed`` as it is stored; good from ``valid_from`` until before ``valid_to`` (None: no end set)."""

    sealed: bytes
    valid_from: datetime
    valid_to: datetime | None
    made_by: str

    def has_ended(self, now: datetime) -> bool:
        """Whether it is good no more, and never will be."""
        return self.valid_to is not None and self.valid_to <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system. Its client decides for which agency it acts, and is switched off with it."""

    system_id: str
    client_id: str
    agency: AgencyCode
    is_enabled: bool
    secrets: tuple[SystemSecret, ...]
    created_at: datetime
    created_by: str


def check_secret(secret: str) -> None:
    """That a secret brought along may be used. Raises :class:`SystemSecretRefused`."""
    if not MIN_SECRET_CHARACTERS <= len(secret) <= MAX_SECRET_CHARACTERS or not secret.isprintable():
        raise SystemSecretRefused(
            f"A secret has {MIN_SECRET_CHARACTERS} to {MAX_SECRET_CHARACTERS} printable characters."
        )


def rotated(
    secrets: Sequence[SystemSecret], new: SystemSecret, *, overlap: timedelta, now: datetime
) -> tuple[SystemSecret, ...]:
    """The secrets after ``new`` joined them: those that are good go on for ``overlap`` at most; ended ones stay known.

    Raises:
        SystemSecretRefused: Too many are good at once; end one first.
    """
    good = sum(not one.has_ended(now) for one in secrets)
    if good >= MAX_GOOD_SECRETS:
        raise SystemSecretRefused(f"{good} secrets are good already. Rotate with an overlap of 0 to end them.")
    return (*(_ending(one, now + overlap) for one in secrets), new)


def ended(secrets: Sequence[SystemSecret], *, now: datetime) -> tuple[SystemSecret, ...]:
    """The secrets, every one of them good no more."""
    return tuple(_ending(one, now) for one in secrets)


def _ending(secret: SystemSecret, at: datetime) -> SystemSecret:
    valid_to = at if secret.valid_to is None else min(secret.valid_to, at)
    return replace(secret, valid_to=valid_to)
