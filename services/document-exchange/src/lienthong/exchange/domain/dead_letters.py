"""Messages that were given up, as operators see them; pure. Nothing in them is verified: hence ``claimed``."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from lienthong.shared.contracts.envelope import BUNDLE_SEPARATOR, INLINE_PACKAGE_LIMIT_BYTES, Envelope
from lienthong.shared.errors import Conflict, InvalidInput, NotFound
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.seals import SealInvalid, claimed_payload

MAX_ENVELOPE_BYTES: Final = 1024 * 1024
"""A longer text is no envelope: only its digest is kept. A real one stays far below the broker's frame of 128 KiB."""
MAX_CODE: Final = 100
MAX_DETAIL: Final = 1000
MAX_ID: Final = 200
MAX_HEADERS: Final = 10
_HEADER: Final = re.compile(r"[\x20-\x7e]{1,200}")


class DeadLetterNotFound(NotFound):
    """There is no dead letter of that id."""

    code = "dead-letter-not-found"
    title = "No such dead letter"


class DeadLetterSettled(Conflict):
    """The letter was taken or discarded already."""

    code = "dead-letter-settled"
    title = "The dead letter is settled"


class RefusalFinal(Conflict):
    """The origin was told, with evidence, that the document is refused here: delivering it now would belie that."""

    code = "refusal-is-final"
    title = "The sender was told that the document is refused"


class DeadLetterNotWhole(Conflict):
    """What came was too long for an envelope, and was not kept."""

    code = "dead-letter-not-whole"
    title = "The dead letter cannot be replayed"


class DiscardedByOperator(InvalidInput):
    """An operator of a node gave the document up; the reason is in the evidence."""

    code = "discarded-by-operator"
    title = "An operator gave the document up"


class LetterState(StrEnum):
    """Where a dead letter stands."""

    DEAD = "dead"
    """Nobody has decided yet."""
    ASKED = "asked"
    """Its replay was asked for: the worker judges it anew."""
    TAKEN = "taken"
    """A replay took it, or the node had taken it before."""
    DISCARDED = "discarded"
    """By an operator, with a reason."""


OPEN: Final = (LetterState.DEAD, LetterState.ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A message as it came out of the dead queue; it may come from anybody, and hold anything."""

    id: str
    envelope: str
    body: bytes
    priority: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """A dead letter before it is kept. ``body`` None: there was none, or it is larger than any inline package."""

    fingerprint: Sha256
    """Over message id, envelope and body: the same message, however often it comes, is one letter."""
    message_id: str
    code: str
    detail: str
    claimed_kind: str
    claimed_issuer: str
    claimed_document: str
    envelope: bytes
    body: bytes | None
    body_sha256: Sha256 | None
    body_size: int
    priority: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter as lists show it."""

    id: str
    state: LetterState
    message_id: str
    code: str
    detail: str
    claimed_kind: str
    claimed_issuer: str
    claimed_document: str
    body_size: int
    body_sha256: Sha256 | None
    first_seen_at: datetime
    last_seen_at: datetime
    times: int
    replays: int
    act_id: str | None
    settled_at: datetime | None
    refused_at: datetime | None
    """When the origin was told, with evidence, that the document is refused here; None: it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A dead letter's message, to be judged again."""

    letter: str
    message: GivenUp


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which letters are meant. ``states`` empty: all; ``act``: those that an act was about."""

    states: tuple[LetterState, ...] = OPEN
    code: str | None = None
    issuer: str | None = None
    act: str | None = None


def new_letter(message: GivenUp, *, reason: str, detail: str) -> NewLetter:
    """What is kept of ``message``. It may come from anybody who can write to the broker, and hold anything."""
    envelope = message.envelope.encode("utf-8", "replace")
    claimed = _claimed(message.envelope)
    body_sha256 = Sha256(hashlib.sha256(message.body).hexdigest()) if message.body else None
    parts = (message.id.encode("utf-8", "replace"), envelope, (body_sha256 or "").encode())
    return NewLetter(
        fingerprint=Sha256(hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()),
        message_id=_plain(message.id, MAX_ID),
        code=_plain(reason, MAX_CODE) or "unknown",
        detail=_plain(detail, MAX_DETAIL),
        claimed_kind=claimed.kind.value if claimed else "",
        claimed_issuer=_plain(claimed.issuer, 64) if claimed else "",
        claimed_document=_plain(claimed.document.id, 36) if claimed else "",
        envelope=envelope if len(envelope) <= MAX_ENVELOPE_BYTES else b"",
        body=message.body if 0 < len(message.body) <= INLINE_PACKAGE_LIMIT_BYTES else None,
        body_sha256=body_sha256,
        body_size=len(message.body),
        priority=min(message.priority, 9),
        headers=dict(list(_plain_headers(message.headers).items())[:MAX_HEADERS]),
    )


def given_up(letter: NewLetter) -> GivenUp:
    """The message of a letter, as far as it was kept."""
    return GivenUp(
        id=letter.message_id,
        envelope=letter.envelope.decode("utf-8", "replace"),
        body=letter.body or b"",
        priority=letter.priority,
        headers=letter.headers,
    )


def require_replayable(letter: DeadLetter, *, is_whole: bool) -> None:
    """That a replay may still do something.

    Raises:
        DeadLetterSettled: Step 1.
        RefusalFinal: Step 2.
        DeadLetterNotWhole: Step 3.
    """
    # 1. It was neither taken nor discarded.
    if letter.state not in OPEN:
        raise DeadLetterSettled(f"The letter is {letter.state.value} already.", facts={"state": letter.state.value})
    # 2. Nobody was told that the document is refused: that is final for its sender, who may have sent it anew.
    if letter.refused_at is not None:
        raise RefusalFinal(
            "The sender holds evidence that this node refused the document, and that is final. Ask it to send again;"
            " then discard this letter.",
            facts={"refused_at": letter.refused_at.isoformat()},
        )
    # 3. There is something to judge.
    if not is_whole:
        raise DeadLetterNotWhole("What came is longer than any envelope; only its digest was kept.")


def _claimed(envelope: str) -> Envelope | None:
    try:
        return Envelope.model_validate_json(claimed_payload(envelope.partition(BUNDLE_SEPARATOR)[0]))
    except (SealInvalid, ValidationError):
        return None


def _plain(text: str, limit: int) -> str:
    """What databases and terminals can show."""
    return "".join(one for one in text[: 4 * limit] if one.isprintable())[:limit]


def _plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if _HEADER.fullmatch(name) and _HEADER.fullmatch(value)}
