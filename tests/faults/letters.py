"""What the offices write to each other in one run: a pure function of the seed."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lienthong.shared.edxml.writer import AttachmentSource, write_document
from tests.faults.place import NODES
from tests.system.packages import header

SIZES: Final = ((0.84, 500, 20_000), (0.10, 40_000, 150_000), (0.06, 300_000, 600_000))
"""Share, least and most bytes of the attachment; base64 makes a third more, and above 256 KiB a package is pulled."""
SEVERAL_RECIPIENTS: Final = 0.3
REPEATED_AT_ONCE: Final = 0.1
REPEATED_LATER: Final = 0.1
REFUSED: Final = 0.05
"""The recipient's system cannot take the document in, and says so."""
ANSWERED: Final = 0.25
ANSWERS: Final = (("01", "03", "06"), ("03", "05"), ("02",), ("01",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One document before it is sent."""

    number: int
    """Its number at its sender: no other letter of a run has it."""
    at: float
    """When it is sent: 0 is the beginning of the traffic, 1 its end."""
    sender: str
    recipients: tuple[str, ...]
    attachment_bytes: int
    content_seed: int
    at_once: int
    """Requests with the same Idempotency-Key at the same time."""
    later: bool
    """Whether the request is repeated after its answer."""
    refused_by: tuple[str, ...]
    """Recipients whose systems cannot take it in."""
    answers: tuple[str, ...]
    """Business statuses that each recipient answers, in this order."""


def letters(seed: int, count: int) -> tuple[Letter, ...]:
    """The letters of a run, in the order of sending."""
    chance = random.Random(f"letters {seed}")  # noqa: S311 — reproducible, not secret
    moments = sorted(chance.random() for _ in range(count))
    return tuple(_letter(number, at, chance) for number, at in enumerate(moments, 1))


def _letter(number: int, at: float, chance: random.Random) -> Letter:
    sender = chance.choice(NODES)
    others = [code for code in NODES if code != sender]
    several = chance.random() < SEVERAL_RECIPIENTS
    recipients = tuple(sorted(chance.sample(others, chance.randint(2, 3) if several else 1)))
    _, least, most = chance.choices(SIZES, [share for share, *_ in SIZES])[0]
    return Letter(
        number=number,
        at=at,
        sender=sender,
        recipients=recipients,
        attachment_bytes=chance.randint(least, most),
        content_seed=chance.getrandbits(63),
        at_once=chance.randint(2, 8) if chance.random() < REPEATED_AT_ONCE else 1,
        later=chance.random() < REPEATED_LATER,
        refused_by=tuple(code for code in recipients if chance.random() < REFUSED),
        answers=chance.choice(ANSWERS) if chance.random() < ANSWERED else (),
    )


def write_letter(letter: Letter, folder: Path) -> Path:
    """The letter as an edXML file below ``folder``."""
    attachment, package = folder / f"{letter.number}.part", folder / f"{letter.number}.edxml"
    content = random.Random(letter.content_seed)  # noqa: S311 — reproducible, not secret
    attachment.write_bytes(content.randbytes(letter.attachment_bytes))
    source = AttachmentSource(path=attachment, name="du-lieu.docx", content_type="application/octet-stream")
    with package.open("wb") as out:
        write_document(header(letter.sender, list(letter.recipients), letter.number), [source], out)
    attachment.unlink()
    return package
