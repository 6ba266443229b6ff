from datetime import UTC, datetime, timedelta

import pytest

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import Acknowledgement, HandoverResult, LeaseLost, judge_acknowledgement
from lienthong.exchange.domain.transport_status import is_claimable, standing

NOW = datetime(2025, 6, 30, 8, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("stored", "lease_until", "expected"),
    [
        (TransportStatus.INITIAL, None, TransportStatus.INITIAL),
        (TransportStatus.PROCESSING, LATER, TransportStatus.PROCESSING),
        (TransportStatus.PROCESSING, NOW, TransportStatus.INITIAL),
        (TransportStatus.PROCESSING, NOW - timedelta(hours=1), TransportStatus.INITIAL),
        (TransportStatus.DONE, NOW - timedelta(hours=1), TransportStatus.DONE),
        (TransportStatus.FAIL, NOW - timedelta(hours=1), TransportStatus.FAIL),
    ],
)
def test_a_lapsed_lease_returns_the_delivery_and_an_answer_is_final(
    stored: TransportStatus, lease_until: datetime | None, expected: TransportStatus
) -> None:
    assert standing(stored, lease_until=lease_until, now=NOW) is expected
    assert is_claimable(stored, lease_until=lease_until, now=NOW) is (expected is TransportStatus.INITIAL)


def judge(stored: TransportStatus, *, held: str | None = "mine", result: str = "done") -> Acknowledgement:
    return judge_acknowledgement(stored, held_token=held, token="mine", result=HandoverResult(result))


def test_the_holder_of_the_token_answers_for_the_delivery() -> None:
    assert judge(TransportStatus.PROCESSING) is Acknowledgement.TAKES_EFFECT


@pytest.mark.parametrize("result", ["done", "fail"])
def test_a_repeated_answer_changes_nothing(result: str) -> None:
    assert judge(TransportStatus(result), result=result) is Acknowledgement.REPEATS


@pytest.mark.parametrize(("stored", "result"), [("done", "fail"), ("fail", "done")])
def test_an_answer_cannot_be_changed(stored: str, result: str) -> None:
    with pytest.raises(LeaseLost):
        judge(TransportStatus(stored), result=result)


@pytest.mark.parametrize("stored", list(TransportStatus))
@pytest.mark.parametrize("held", [None, "another"])
def test_only_the_last_claim_may_answer(stored: TransportStatus, held: str | None) -> None:
    with pytest.raises(LeaseLost):
        judge(stored, held=held)
