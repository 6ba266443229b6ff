"""What a client prefers of what is offered: ``Accept`` and ``Accept-Language``. Source: RFC 9110 section 12."""

from collections.abc import Sequence
from typing import Final

MAX_CHOICES: Final = 32
"""Entries of a header that are looked at."""


def preferred(header: str | None, offered: Sequence[str]) -> str:
    """The one of ``offered`` that the header likes best; the first when it says nothing, or nothing of use.

    Names are compared without case; ``*`` and ``text/*`` stand for what they cover, and ``vi-VN`` for ``vi``.
    """
    choices = [_choice(one) for one in (header or "").split(",")[:MAX_CHOICES]]
    weighed = [(max((weight for name, weight in choices if _covers(name, one)), default=0.0), one) for one in offered]
    return max(weighed, key=lambda pair: pair[0])[1]


def _choice(text: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in text.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _covers(name: str, offered: str) -> bool:
    kind = offered.partition("/")[0]
    return name in {offered, "*", "*/*", f"{kind}/*"} or name.partition("-")[0] == offered
