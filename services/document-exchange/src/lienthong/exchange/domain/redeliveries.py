"""Documents that an agency gets again, since it lost what it had taken; pure.

A redelivery is a claimable mark of its own beside the delivery. The delivery, its evidence and what its sender sees do
not change: it was handed over once, and that stays true.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lienthong.shared.identifiers import AgencyCode

REDELIVERIES_AT_ONCE: Final = 500
"""Of one request; the caller repeats it with the same key until the order is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeliveryOrder:
    """Everything that ``agency`` took over from ``since`` on, until the order was given (``until``)."""

    id: str
    key: str
    agency: AgencyCode
    since: datetime
    until: datetime
    reached: str = ""
    made: int = 0
    is_complete: bool = False
