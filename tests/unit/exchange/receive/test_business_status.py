from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.exchange.domain.business_status import (
    ANSWERS,
    FINAL,
    RefusalWithoutReason,
    StatusCodeNotAllowed,
    check_answer,
    moves,
)
from lienthong.shared.edxml.model import BusinessStatus

FORWARD = ("01", "03", "04", "05", "06")
any_status = st.sampled_from(BusinessStatus)


def walk(codes: list[BusinessStatus]) -> list[BusinessStatus]:
    """The codes that a delivery stood at, one after another, as those arrived."""
    stood: list[BusinessStatus] = []
    for code in codes:
        if moves(stood[-1] if stood else None, code):
            stood.append(code)
    return stood


@pytest.mark.parametrize(
    ("current", "arriving", "applied"),
    [
        (None, "01", True),
        (None, "06", True),
        (None, "02", True),
        ("01", "03", True),
        ("03", "05", True),
        ("05", "03", False),
        ("05", "05", False),
        ("05", "02", True),
        ("02", "01", False),
        ("02", "06", False),
        ("06", "02", False),
        ("06", "05", False),
        (None, "13", False),
        ("01", "15", False),
        ("05", "16", False),
    ],
)
def test_a_status_moves_a_document_forward_or_not_at_all(current: str | None, arriving: str, *, applied: bool) -> None:
    standing = BusinessStatus(current) if current else None

    assert moves(standing, BusinessStatus(arriving)) is applied


@given(st.lists(any_status))
def test_no_order_of_arrival_moves_a_document_backwards(codes: list[BusinessStatus]) -> None:
    stood = walk(codes)

    forward = [FORWARD.index(code) for code in stood if code is not BusinessStatus.REFUSED]
    assert all(before < after for before, after in pairwise(forward))
    assert not any(code in FINAL for code in stood[:-1])


@given(st.sets(st.sampled_from(sorted(ANSWERS - {BusinessStatus.REFUSED})), min_size=1), st.randoms())
def test_the_furthest_status_wins_in_whatever_order_they_arrive(codes: set[BusinessStatus], random: object) -> None:
    shuffled = sorted(codes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert walk(shuffled)[-1] == max(codes)


@given(st.lists(any_status))
def test_a_repeated_status_is_never_applied_twice(codes: list[BusinessStatus]) -> None:
    stood = walk([code for code in codes for _ in range(2)])

    assert len(stood) == len(set(stood))


def test_a_recipient_does_not_ask_its_senders_document_back() -> None:
    with pytest.raises(StatusCodeNotAllowed):
        check_answer(BusinessStatus.RECALL_ASKED, "lý do")

    check_answer(BusinessStatus.RECALL_AGREED, "")


@pytest.mark.parametrize("code", ["02", "16"])
def test_a_refusal_says_why(code: str) -> None:
    with pytest.raises(RefusalWithoutReason):
        check_answer(BusinessStatus(code), "  ")

    check_answer(BusinessStatus(code), "Gửi nhầm đơn vị")
