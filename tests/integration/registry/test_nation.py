"""The act of July 2025 over a directory of the nation's size: nothing stands against it, and nobody is left behind."""

from collections import Counter

import pytest

from lienthong.registry.domain.acts import read_act_json
from lienthong.registry.domain.findings import Outcome, counts_of
from lienthong.registry.domain.reorganising import reorganise
from lienthong.registry.domain.standing import Standing, changed, ends_of
from lienthong.shared.contracts.directory import Level
from tests.support.nation import AGENCIES, COMMUNES, COMMUNES_AFTER, DISTRICTS, Nation, act_file_of_2025, make_nation


@pytest.fixture(scope="module")
def nation() -> Nation:
    return make_nation()


@pytest.fixture(scope="module")
def before(nation: Nation) -> Standing:
    return Standing(
        agencies={agency.code: agency for agency in nation.agencies}, nodes=frozenset(node.id for node in nation.nodes)
    )


@pytest.fixture(scope="module")
def outcome(nation: Nation, before: Standing) -> Outcome:
    return reorganise(read_act_json(act_file_of_2025(nation)), before)


def test_the_nation_has_the_size_and_the_levels_of_the_real_one(nation: Nation) -> None:
    committees = Counter(agency.level for agency in nation.agencies if agency.name.startswith("UBND"))

    assert len({agency.code for agency in nation.agencies}) == AGENCIES
    assert len({agency.old_code for agency in nation.agencies}) == AGENCIES
    assert committees == {Level.PROVINCE: 63, Level.DISTRICT: DISTRICTS, Level.COMMUNE: COMMUNES}
    assert make_nation().agencies[-1] == nation.agencies[-1]


def test_nothing_stands_against_the_act(outcome: Outcome) -> None:
    assert (outcome.problems, outcome.warnings) == ((), ())
    assert (counts_of(outcome)["dissolve"], counts_of(outcome)["establish"]) == (DISTRICTS, COMMUNES_AFTER)


def test_34_provinces_and_3321_communes_are_left_and_no_district(before: Standing, outcome: Outcome) -> None:
    after = changed(before, outcome.changes)
    at_work = [agency for code, agency in after.agencies.items() if code not in after.closed]

    left = Counter(agency.level for agency in at_work if agency.name.startswith("UBND"))
    assert left == {Level.PROVINCE: 34, Level.COMMUNE: COMMUNES_AFTER}
    assert not any(agency.parent in after.closed for agency in at_work)


def test_somebody_answers_for_every_closed_code(before: Standing, outcome: Outcome) -> None:
    after = changed(before, outcome.changes)

    assert len(after.closed) > 60_000
    assert all(ends_of(code, after.closed) for code in after.closed)
