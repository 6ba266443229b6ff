"""What operators do to a node, as it is kept for those who ask later; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

MAX_REASON: Final = 1000
"""Characters that an operator may say about an act."""


class ActKind(StrEnum):
    """What was done."""

    DESTINATION_PAUSED = "destination-paused"
    DESTINATION_RESUMED = "destination-resumed"
    DESTINATION_RETRIED = "destination-retried"
    DEAD_LETTERS_REPLAYED = "dead-letters-replayed"
    DEAD_LETTER_DISCARDED = "dead-letter-discarded"
    DRAIN_BEGUN = "drain-begun"
    DRAIN_ENDED = "drain-ended"
    REDELIVERY_ORDERED = "redelivery-ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants something done, and why, in their words."""

    actor: str
    """Client id, as the token names it."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done. ``subject``: what to, such as a node; ``detail``: what it came to, JSON-ready."""

    id: str
    """UUIDv7: ids grow with time."""
    at: datetime
    order: Order
    kind: ActKind
    subject: str
    detail: Mapping[str, object] = field(default_factory=dict)
