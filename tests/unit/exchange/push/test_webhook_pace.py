"""How a webhook stands after what its receiver did."""

from datetime import timedelta

import pytest

from lienthong.exchange.domain.webhook_pace import (
    FIRST_PAUSE,
    LONGEST_ASKED,
    LONGEST_PAUSE,
    PAUSED_AFTER,
    Attempt,
    Outcome,
    judge_answer,
    pause_after,
    resumed,
    standing_after,
)
from lienthong.exchange.domain.webhooks import PauseReason, Standing
from tests.support.pki import NOW

TAKEN = Attempt(outcome=Outcome.TAKEN)
FAILED = Attempt(outcome=Outcome.FAILED, error="The receiver answered 500.")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_taken(status: int) -> None:
    assert judge_answer(status, retry_after=None).outcome is Outcome.TAKEN


@pytest.mark.parametrize("status", [100, 301, 302, 303, 307, 308, 400, 401, 404, 429, 500, 503])
def test_anything_else_fails_redirects_too(status: int) -> None:
    assert judge_answer(status, retry_after=None).outcome is Outcome.FAILED


def test_pauses_double_up_to_a_limit() -> None:
    pauses = [pause_after(failures) for failures in range(1, 100)]

    assert pauses[:4] == [FIRST_PAUSE * factor for factor in (1, 2, 4, 8)]
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("status", "asked", "pause"),
    [
        (503, "120", timedelta(seconds=120)),
        (429, "120", timedelta(seconds=120)),
        (503, "999999999999999999", LONGEST_ASKED),
        (503, "0", FIRST_PAUSE),
        (503, "-5", FIRST_PAUSE),
        (503, "²", FIRST_PAUSE),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", FIRST_PAUSE),
        (500, "120", FIRST_PAUSE),
    ],
)
def test_a_receiver_may_ask_for_time_up_to_a_limit(status: int, asked: str, pause: timedelta) -> None:
    standing = standing_after(Standing(), [judge_answer(status, retry_after=asked)], NOW)

    assert standing.next_attempt_at == NOW + pause


def test_failures_at_the_same_time_count_as_one() -> None:
    standing = standing_after(Standing(), [FAILED] * 8, NOW)

    assert (standing.failures, standing.failing_since) == (1, NOW)
    assert standing.last_error == FAILED.error


def test_one_that_is_taken_shows_that_the_receiver_works() -> None:
    before = Standing(failures=7, failing_since=NOW, next_attempt_at=NOW)

    standing = standing_after(before, [FAILED, TAKEN], NOW)

    assert (standing.failures, standing.failing_since, standing.next_attempt_at) == (0, None, None)
    assert standing.last_success_at == NOW


def test_gone_pauses_at_once_even_beside_success() -> None:
    standing = standing_after(Standing(), [TAKEN, judge_answer(410, retry_after=None)], NOW)

    assert (standing.paused, standing.paused_at) == (PauseReason.GONE, NOW)


def test_a_webhook_is_paused_after_a_day_without_success_and_not_before() -> None:
    first = standing_after(Standing(), [FAILED], NOW)
    almost = standing_after(first, [FAILED], NOW + PAUSED_AFTER - timedelta(seconds=1))
    day = standing_after(almost, [FAILED], NOW + PAUSED_AFTER)

    assert almost.paused is None
    assert day.paused is PauseReason.FAILING


def test_who_is_resumed_has_a_whole_day_again() -> None:
    paused = standing_after(Standing(failures=300, failing_since=NOW - PAUSED_AFTER), [FAILED], NOW)
    assert paused.paused is PauseReason.FAILING

    again = standing_after(resumed(paused), [FAILED], NOW)

    assert (again.paused, again.failures) == (None, 1)
