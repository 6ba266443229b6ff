from datetime import UTC, datetime
from typing import Final

import pytest

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.vxp.call import VerifiedCall
from lienthong.exchange.domain.vxp.lists import WAITING, ReceivedQuery, received_query, shown_time, wanted_recipients
from lienthong.exchange.domain.vxp.operations import ParameterInvalid
from lienthong.exchange.domain.vxp.systems import System
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.identifiers import AgencyCode

SYSTEM: Final = System(system_id="s", client_id="c", agency=AgencyCode("H28"), secrets=())
OWN: Final = {"H28": AgencyCode("H28"), "000.00.00.H28": AgencyCode("H28"), "H28.31": AgencyCode("H28.31")}


def call(**parameters: str) -> VerifiedCall:
    return VerifiedCall(system=SYSTEM, parameters={name.replace("_", "-"): text for name, text in parameters.items()})


def query(**parameters: str) -> ReceivedQuery:
    return received_query(call(**parameters), [AgencyCode("H28")])


def test_a_list_without_wishes_shows_what_waits() -> None:
    assert query(messagetype="edoc").statuses == WAITING
    assert query(messagetype="edoc").kind is DocumentKind.DOCUMENT


def test_dates_are_whole_days_in_vietnam() -> None:
    days = query(fromDate="2026-07-01", toDate="02/07/2026")

    assert days.since == datetime(2026, 6, 30, 17, tzinfo=UTC)
    assert days.until == datetime(2026, 7, 2, 17, tzinfo=UTC)
    assert days.statuses == frozenset(TransportStatus)


def test_a_status_left_over_from_an_update_hides_nothing() -> None:
    assert query(status="done", docId="d1").statuses == WAITING
    assert query(status="initial", docId="d1").statuses == {TransportStatus.INITIAL}
    assert query(status="done").statuses == {TransportStatus.DONE}


@pytest.mark.parametrize(("index", "offset"), [("", 0), ("0", 0), ("1", 0), ("3", 40)])
def test_pages_count_from_one_and_forgive_zero(index: str, offset: int) -> None:
    page = query(pageSize="20", pageIndex=index)

    assert (page.limit, page.offset) == (20, offset)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fromDate": "yesterday"},
        {"toDate": "31/02/2026"},
        {"pageSize": "-1"},
        {"pageSize": "1001"},
        {"pageIndex": "9" * 5000},
        {"status": "finished"},
        {"messagetype": "memo"},
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_met_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ParameterInvalid):
        query(**wrong)


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({}, {"H28", "H28.31"}),
        ({"to": "000.00.00.H28"}, {"H28"}),
        ({"to": '["H28.31"]'}, {"H28.31"}),
        ({"to": '["H28.31"]', "hash_file": "00"}, {"H28", "H28.31"}),
        ({"to": '["G22"]'}, {"H28", "H28.31"}),
        ({"to": "[" * 9000}, {"H28", "H28.31"}),
    ],
    ids=["all", "one", "array", "left-over-from-sending", "not-its-own", "no-json"],
)
def test_recipients_that_are_left_over_hide_nothing(parameters: dict[str, str], wanted: set[str]) -> None:
    assert set(wanted_recipients(call(**parameters), OWN)) == wanted


def test_times_are_shown_in_vietnam() -> None:
    assert shown_time(datetime(2026, 6, 30, 17, 0, 5, 9, tzinfo=UTC)) == "2026-07-01T00:00:05+07:00"
