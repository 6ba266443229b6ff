"""Has the recipient's system taken the document? The machine behind claims and acknowledgements; pure.

    initial ──claim──▶ processing ──acknowledge──▶ done | fail
       ▲                   │
       └───lease lapses────┘

Nothing runs when a lease lapses: a delivery whose lease is over simply counts as ``initial`` again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus

FINAL: Final = frozenset({TransportStatus.DONE, TransportStatus.FAIL})
"""The recipient's system has answered for good."""
WAITING: Final = frozenset({TransportStatus.INITIAL, TransportStatus.PROCESSING})
"""The delivery is in the inbox."""
CLOCK_SKEW: Final = timedelta(minutes=1)
"""How far the clocks of a node's processes may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a delivery ends. ``reason`` of a failure: a FailReason, or the code with which a node refused it."""

    status: TransportStatus
    detail: str = ""
    reason: str = ""


def standing(
    stored: TransportStatus, *, lease_until: datetime | None, now: datetime, claimed_at: datetime | None = None
) -> TransportStatus:
    """Where a delivery stands at ``now``: what is stored, except that a lapsed lease counts as none.

    So does one that was given at a time which has not come yet: the clock was set back since, by hours perhaps.
    """
    is_early = claimed_at is not None and claimed_at > now + CLOCK_SKEW
    if stored is TransportStatus.PROCESSING and (lease_until is None or lease_until <= now or is_early):
        return TransportStatus.INITIAL
    return stored


def is_claimable(stored: TransportStatus, *, lease_until: datetime | None, now: datetime) -> bool:
    """Whether a client may claim the delivery at ``now``: nobody has it, and nobody has answered for it."""
    return standing(stored, lease_until=lease_until, now=now) is TransportStatus.INITIAL
