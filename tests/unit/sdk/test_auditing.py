"""What nodes say of the same deliveries: merged in order, compared by rule."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lienthong.sdk.auditing import STUCK_AFTER, Views, compare, merged
from lienthong.sdk.operator_models import StandingDelivery

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
NODES = ("H28", "G22")
MOMENT = timedelta(seconds=1)


def standing(id_: str = "v-1", **changes: Any) -> StandingDelivery:
    made = StandingDelivery(
        id=id_,
        document="d-1",
        origin="H28",
        package="a" * 64,
        agency="G22",
        node="G22",
        status="initial",
        updated_at=NOW,
    )
    return made.model_copy(update=changes)


def found(
    *,
    origin: StandingDelivery | None,
    recipient: StandingDelivery | None,
    after: timedelta = timedelta(),
    nodes: Sequence[str] = NODES,
) -> list[tuple[str, str]]:
    by_node = {name: one for name, one in (("H28", origin), ("G22", recipient)) if one is not None}
    views = Views(id="v-1", by_node=by_node)
    return [(one.check, one.severity) for one in compare(views, nodes=nodes, now=NOW + after)]


@pytest.mark.parametrize(
    ("origin", "recipient"),
    [
        (standing(), None),
        (standing(status="fail", reason="expired"), None),
        (standing(), standing()),
        (standing(), standing(status="done")),
        (standing(status="done"), standing(status="done")),
        (standing(status="fail", reason="expired"), standing(status="fail", reason="expired")),
        (standing(status="fail", reason="expired"), standing(status="done")),
    ],
)
def test_what_agrees_or_is_under_way_is_no_finding(
    origin: StandingDelivery, recipient: StandingDelivery | None
) -> None:
    assert found(origin=origin, recipient=recipient, after=STUCK_AFTER) == []


@pytest.mark.parametrize(
    ("origin", "recipient", "check"),
    [
        (standing(status="done"), None, "delivery-there"),
        (None, standing(), "delivery-sent"),
        (standing(), standing(agency="X"), "delivery-same"),
        (standing(), standing(package="b" * 64), "delivery-same"),
        (standing(status="done"), standing(status="processing"), "delivery-end"),
        (standing(status="done"), standing(status="fail"), "delivery-end"),
        (standing(status="fail", reason="recalled"), standing(status="done"), "delivery-end"),
        (standing(status="fail", reason="recalled"), standing(), "delivery-end"),
    ],
)
def test_what_contradicts_itself_is_broken(
    origin: StandingDelivery | None, recipient: StandingDelivery | None, check: str
) -> None:
    assert found(origin=origin, recipient=recipient) == [(check, "broken")]


@pytest.mark.parametrize(
    ("origin", "recipient", "check"),
    [
        (standing(), None, "delivery-there"),
        (standing(), standing(status="done"), "delivery-end"),
        (standing(status="fail", reason="expired"), standing(status="done"), "delivery-end"),
    ],
)
def test_what_differs_for_too_long_is_stuck(
    origin: StandingDelivery, recipient: StandingDelivery | None, check: str
) -> None:
    late = STUCK_AFTER + MOMENT

    assert found(origin=origin, recipient=recipient, after=late) == [(check, "stuck")]


def test_a_node_that_was_not_asked_is_not_missed() -> None:
    assert found(origin=None, recipient=standing(), nodes=["G22"]) == []
    assert found(origin=standing(status="done"), recipient=None, nodes=["H28"]) == []


async def test_pages_of_nodes_are_merged_in_order_each_delivery_once() -> None:
    async def stream(*ids: str) -> AsyncIterator[StandingDelivery]:
        for one in ids:
            yield standing(one)

    streams = {"A": stream("1", "3", "4"), "B": stream("2", "3"), "C": stream()}
    seen = [(views.id, sorted(views.by_node)) async for views in merged(streams)]

    assert seen == [("1", ["A"]), ("2", ["B"]), ("3", ["A", "B"]), ("4", ["A"])]
