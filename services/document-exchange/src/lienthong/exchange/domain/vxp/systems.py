"""Systems that speak the national SDK's interface, with the secrets that they sign with."""

from dataclasses import dataclass
from datetime import datetime

from lienthong.shared.identifiers import AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSecret:
    """One secret of a system, good from ``valid_from`` until before ``valid_to`` (None: no end set)."""

    value: bytes
    valid_from: datetime
    valid_to: datetime | None

    def is_good(self, at: datetime) -> bool:
        """Whether a call may be signed with it at that time."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An e-office system: its id on the wire, the client that it counts as, the agency that it acts for.

    During a rotation two secrets are good at once, so that no call fails meanwhile.
    """

    system_id: str
    client_id: str
    agency: AgencyCode
    secrets: tuple[SystemSecret, ...]
    is_enabled: bool
