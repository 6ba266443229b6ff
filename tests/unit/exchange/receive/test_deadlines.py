from datetime import datetime, timedelta

import pytest

from lienthong.exchange.domain.deadlines import LONGEST, DeadlineInvalid, check_deadline, deadline_in, is_expired
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.edxml.model import BusinessType
from tests.support.pki import NOW

LATER = NOW + timedelta(hours=1)


def check(
    expires_at: datetime | None,
    *,
    kind: DocumentKind = DocumentKind.DOCUMENT,
    business_type: BusinessType | None = BusinessType.NEW,
) -> None:
    check_deadline(expires_at, now=NOW, kind=kind, business_type=business_type)


@pytest.mark.parametrize("text", ["2026-03-02T17:00:00+07:00", "2026-03-02T10:00:00Z"])
def test_a_deadline_is_a_time_with_its_offset(text: str) -> None:
    found = deadline_in(text)

    assert found == NOW.replace(hour=10, minute=0)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-03-02T17:00:00", "2026-02-30T17:00:00Z", "2026-03-02", "\x00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(DeadlineInvalid):
        deadline_in(text)


def test_without_the_header_there_is_no_deadline() -> None:
    assert deadline_in(None) is None
    check(None, kind=DocumentKind.STATUS, business_type=None)


@pytest.mark.parametrize("away", [timedelta(), timedelta(seconds=-1), LONGEST + timedelta(seconds=1)])
def test_a_deadline_lies_ahead_but_not_years_away(away: timedelta) -> None:
    check(LATER)

    with pytest.raises(DeadlineInvalid):
        check(NOW + away)


@pytest.mark.parametrize("business_type", [BusinessType.RECALL, BusinessType.UPDATE, BusinessType.REPLACE])
def test_what_speaks_of_another_document_has_no_deadline(business_type: BusinessType) -> None:
    with pytest.raises(DeadlineInvalid):
        check(LATER, business_type=business_type)


def test_a_status_has_no_deadline() -> None:
    with pytest.raises(DeadlineInvalid):
        check(LATER, kind=DocumentKind.STATUS, business_type=None)


def test_at_the_deadline_it_is_over() -> None:
    assert is_expired(NOW, now=NOW)
    assert not is_expired(LATER, now=NOW)
    assert not is_expired(None, now=NOW)
