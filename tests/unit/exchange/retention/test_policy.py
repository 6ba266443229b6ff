"""When a package may go: each rule alone keeps it."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from lienthong.exchange.domain.retention import PackageUse, RemovalReason, RetentionPolicy, may_go, reason_of
from lienthong.shared.identifiers import Sha256
from tests.support.pki import NOW

DAY = timedelta(days=1)
POLICY = RetentionPolicy(own=10 * DAY, relayed=3 * DAY)
SPENT = PackageUse(
    sha256=Sha256("a" * 64),
    documents=1,
    is_own=True,
    unfinished=0,
    last_stored_at=NOW - 30 * DAY,
    last_moved_at=NOW - 10 * DAY,
    is_awaited=False,
)


def test_a_package_goes_when_its_time_is_over() -> None:
    assert may_go(SPENT, POLICY, now=NOW)
    assert reason_of(SPENT) is RemovalReason.EXPIRED


@pytest.mark.parametrize(
    "kept_by",
    [
        {"is_awaited": True},
        {"unfinished": 1},
        {"last_moved_at": NOW - 10 * DAY + timedelta(seconds=1)},
        {"last_stored_at": NOW - 9 * DAY},
    ],
)
def test_each_of_these_alone_keeps_it(kept_by: dict[str, Any]) -> None:
    assert not may_go(dataclasses.replace(SPENT, **kept_by), POLICY, now=NOW)


def test_without_a_policy_own_packages_stay_for_good() -> None:
    assert not may_go(SPENT, RetentionPolicy(own=None, relayed=DAY), now=NOW + 10_000 * DAY)


def test_what_only_passed_through_has_a_time_of_its_own() -> None:
    relayed = dataclasses.replace(SPENT, is_own=False, last_stored_at=NOW - 3 * DAY, last_moved_at=NOW - 3 * DAY)

    assert may_go(relayed, POLICY, now=NOW)
    assert not may_go(relayed, POLICY, now=NOW - timedelta(seconds=1))
    assert not may_go(relayed, RetentionPolicy(own=DAY, relayed=None), now=NOW)


def test_an_orphan_goes_whatever_the_policy_but_not_while_it_is_awaited() -> None:
    orphan = dataclasses.replace(SPENT, documents=0, is_own=False, last_stored_at=None, last_moved_at=None)

    assert may_go(orphan, RetentionPolicy(own=None, relayed=None), now=NOW)
    assert not may_go(dataclasses.replace(orphan, is_awaited=True), POLICY, now=NOW)
    assert reason_of(orphan) is RemovalReason.ORPHAN
