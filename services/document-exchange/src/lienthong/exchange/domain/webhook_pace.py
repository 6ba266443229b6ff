"""How long a node tries: when it sends again, when it pauses a webhook, and what an answer means; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from lienthong.exchange.domain.webhooks import PauseReason, Standing

FIRST_PAUSE: Final = timedelta(seconds=1)
"""After the first failure; it doubles with each one more."""
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""How late a receiver that works again gets its events at most, unless it asked for more time itself."""
LONGEST_ASKED: Final = timedelta(hours=1)
"""What a receiver may ask for with ``Retry-After``."""
PAUSED_AFTER: Final = timedelta(days=1)
"""A webhook to which nothing could be sent for so long is paused, and the operators are told."""
MAX_ERROR: Final = 300
"""Characters of an error that are kept."""


class Outcome(Enum):
    """What became of one attempt."""

    TAKEN = auto()
    FAILED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. ``asked``: how long the receiver wants to be left alone."""

    outcome: Outcome
    error: str = ""
    asked: timedelta | None = None


def judge_answer(status: int, *, retry_after: str | None) -> Attempt:
    """What a receiver's answer means. A redirect is a failure: it would lead where nobody has judged."""
    if 200 <= status < 300:
        return Attempt(outcome=Outcome.TAKEN)
    error = f"The receiver answered {status}."
    if status == 410:
        return Attempt(outcome=Outcome.GONE, error=error)
    seconds = int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    if status not in {429, 503} or seconds is None:
        return Attempt(outcome=Outcome.FAILED, error=error)
    return Attempt(outcome=Outcome.FAILED, error=error, asked=timedelta(seconds=min(seconds, 86_400)))


def pause_after(failures: int, asked: timedelta | None = None) -> timedelta:
    """How long to wait after so many failures in a row."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 30)
    return max(min(doubled, LONGEST_PAUSE), min(asked or timedelta(), LONGEST_ASKED))


def standing_after(before: Standing, attempts: Sequence[Attempt], now: datetime) -> Standing:
    """How a webhook stands after attempts that were made at the same time.

    One that was taken shows that the receiver works: what failed beside it then waits alone, as one document. The
    others together count as one failure. 410 pauses at once, whatever else was taken.
    """
    failed = [one for one in attempts if one.outcome is not Outcome.TAKEN]
    error = failed[-1].error[:MAX_ERROR] if failed else ""
    tried = replace(before, last_attempt_at=now, last_error=error or before.last_error)
    if any(one.outcome is Outcome.GONE for one in failed):
        return replace(tried, paused=PauseReason.GONE, paused_at=now)
    if len(failed) < len(attempts):
        return replace(tried, failures=0, failing_since=None, next_attempt_at=None, last_success_at=now)
    since, failures = before.failing_since or now, before.failures + 1
    asked = max((one.asked for one in failed if one.asked is not None), default=None)
    failing = replace(tried, failures=failures, failing_since=since, next_attempt_at=now + pause_after(failures, asked))
    if now - since < PAUSED_AFTER:
        return failing
    return replace(failing, paused=PauseReason.FAILING, paused_at=now)


def resumed(before: Standing) -> Standing:
    """A webhook that begins to be tried again, at once; what went wrong last stays to be read."""
    return replace(before, failures=0, failing_since=None, next_attempt_at=None, paused=None, paused_at=None)
