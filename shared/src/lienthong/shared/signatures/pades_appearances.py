"""How the two signatures of a document look, and where they stand on its page.

A pure module. Source: Decree 30/2020/NĐ-CP annex I part I (the person's signature: a blue image, PNG, transparent; the
agency's: its red seal in actual size, over about a third of the person's on its left).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final, NamedTuple, TypeAlias

VIETNAM: Final = timezone(timedelta(hours=7), "+07:00")
"""The time that signatures show. Source: Decree 30/2020/NĐ-CP annex I (Vietnam time, ISO 8601)."""
SEAL_DIAMETER_MM: Final = 36.0
"""Of a seal whose actual size nobody named."""
MAX_SEAL_DIAMETER_MM: Final = 60.0
MAX_SHOWN_CHARACTERS: Final = 200
"""Of a name, and of a number with its symbol."""
_POINTS_PER_MM: Final = 72 / 25.4
_OVERLAP: Final = 1 / 3
CAPTION_POINTS: Final = 20
"""Height of the two lines under a seal."""


class Box(NamedTuple):
    """A place on a page, in points (1/72 inch) from its lower left corner."""

    left: int
    bottom: int
    right: int
    top: int


OFFICER_BOX: Final = Box(350, 140, 500, 205)
"""Where a person signs on an A4 page, between title and name, when nobody says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerSignature:
    """A person's signature. ``image`` is a PNG with a transparent background; None: the name, drawn in blue.

    ``page`` counts from 0, -1 is the last; ``box`` None: :data:`OFFICER_BOX`.
    """

    name: str
    image: bytes | None = None
    box: Box | None = None
    page: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencySeal:
    """An agency's seal, with the document's number and symbol (``181/KH-UBND``) and the signing time under it.

    ``image`` is a PNG with a transparent background; None: a round seal with the name, drawn in red. ``box`` None:
    beside the last signature that can be seen, over a third of it; without one, as if a person had signed in the usual
    place. ``page`` counts only with ``box``, or when there is no such signature.
    """

    name: str
    document_code: str
    image: bytes | None = None
    diameter_mm: float = SEAL_DIAMETER_MM
    box: Box | None = None
    page: int = -1


Appearance: TypeAlias = OfficerSignature | AgencySeal


def seal_beside(signature: Box, *, diameter_mm: float) -> Box:
    """Where a seal stands that covers the left third of ``signature``, its caption below it; never off the page."""
    diameter = round(diameter_mm * _POINTS_PER_MM)
    right = round(signature.left + (signature.right - signature.left) * _OVERLAP)
    middle = (signature.bottom + signature.top) / 2
    left = max(0, right - diameter)
    bottom = max(0, round(middle - diameter / 2) - CAPTION_POINTS)
    return Box(left, bottom, left + diameter, bottom + CAPTION_POINTS + diameter)


def caption(seal: AgencySeal, at: datetime) -> tuple[str, str]:
    """The two lines under a seal: number with symbol, signing time. Source: ISO 8601-1, to the second."""
    return f"Số: {seal.document_code}", at.astimezone(VIETNAM).isoformat(timespec="seconds")
