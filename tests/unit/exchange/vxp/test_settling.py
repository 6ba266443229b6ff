from datetime import UTC, datetime, timedelta

import pytest

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import LeaseLost
from lienthong.exchange.domain.vxp.operations import ParameterInvalid
from lienthong.exchange.domain.vxp.settling import Held, Settling, settling

NOW = datetime(2026, 11, 25, tzinfo=UTC)
INITIAL, PROCESSING, DONE, FAIL = TransportStatus
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


def held(stored: TransportStatus, *, until: datetime | None = None, by: str | None = None) -> Held:
    return Held(stored=stored, lease_until=until, claimed_by=by)


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (held(INITIAL), PROCESSING, Settling.CLAIM),
        (held(INITIAL), DONE, Settling.END),
        (held(INITIAL), FAIL, Settling.END),
        (held(PROCESSING, until=LATER, by="own"), PROCESSING, Settling.CLAIM),
        (held(PROCESSING, until=LATER, by="own"), DONE, Settling.END),
        (held(PROCESSING, until=EARLIER, by="other"), DONE, Settling.END),
        (held(DONE), DONE, Settling.NOTHING),
        (held(FAIL), FAIL, Settling.NOTHING),
    ],
)
def test_what_is_said_moves_a_delivery_forward(before: Held, said: TransportStatus, after: Settling) -> None:
    assert settling(before, said, client_id="own", now=NOW) is after


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (held(DONE), PROCESSING),
        (held(DONE), FAIL),
        (held(FAIL), DONE),
        (held(PROCESSING, until=LATER, by="other"), DONE),
        (held(PROCESSING, until=LATER, by="other"), PROCESSING),
    ],
)
def test_final_is_final_and_anothers_claim_is_respected(before: Held, said: TransportStatus) -> None:
    with pytest.raises(LeaseLost):
        settling(before, said, client_id="own", now=NOW)


def test_nobody_says_initial() -> None:
    with pytest.raises(ParameterInvalid):
        settling(held(INITIAL), INITIAL, client_id="own", now=NOW)
