"""When documents with unknown revocation are looked at again."""

from datetime import timedelta

from lienthong.exchange.domain.marks import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, RevocationMark, next_attempt
from lienthong.exchange.domain.marks import revocation_mark as mark
from tests.support.pki import NOW


def test_the_second_look_comes_soon() -> None:
    assert next_attempt(NOW, NOW) == NOW + FIRST_PAUSE


def test_a_mark_stays_half_as_long_as_the_outage_was_at_most() -> None:
    hour_later = NOW + timedelta(hours=1)

    assert next_attempt(NOW, hour_later) - hour_later == timedelta(minutes=30)


def test_an_authority_that_never_says_anything_costs_few_looks() -> None:
    looks, at = 0, NOW
    while at < NOW + PATIENCE:
        pause = next_attempt(NOW, at) - at
        assert pause <= LONGEST_PAUSE
        looks, at = looks + 1, at + pause

    assert looks < 40


def test_a_mark_says_what_is_known() -> None:
    assert mark(is_pending=True, is_revoked=None) is RevocationMark.PENDING
    assert mark(is_pending=False, is_revoked=True) is RevocationMark.REVOKED
    assert mark(is_pending=False, is_revoked=False) is RevocationMark.KNOWN
    assert mark(is_pending=False, is_revoked=None) is RevocationMark.KNOWN
