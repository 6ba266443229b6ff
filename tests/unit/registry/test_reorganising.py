"""One act over the directory: what it does, and everything that stands against it."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.registry.domain.acts import Act, read_act_json
from lienthong.registry.domain.findings import Fault, Oddity, Outcome
from lienthong.registry.domain.reorganising import reorganise
from lienthong.registry.domain.standing import Standing, changed
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode, NodeId
from tests.support.random_acts import RandomHistory, act_file

MOMENT = datetime(2025, 6, 30, 17, tzinfo=UTC)


def agency(code: str, parent: str | None, level: Level, old_code: str | None = None) -> AgencyEntry:
    return AgencyEntry(
        code=AgencyCode(code),
        old_code=AgencyCode(old_code) if old_code else None,
        name=code,
        parent=AgencyCode(parent) if parent else None,
        level=level,
        node=NodeId("H28"),
    )


def standing(*entries: AgencyEntry, closed: dict[str, tuple[str, ...]] | None = None) -> Standing:
    gone = {AgencyCode(code): tuple(map(AgencyCode, into)) for code, into in (closed or {}).items()}
    return Standing(agencies={one.code: one for one in entries}, closed=gone, nodes=frozenset({NodeId("H28")}))


HOA_BINH = (
    agency("H28", None, Level.PROVINCE, "000.00.00.H28"),
    agency("H44", None, Level.PROVINCE),
    agency("H28.31", "H28", Level.DISTRICT, "000.00.31.H28"),
    agency("H28.31.05", "H28.31", Level.COMMUNE, "000.05.31.H28"),
    agency("H28.31.06", "H28.31", Level.COMMUNE),
)
BEFORE = standing(*HOA_BINH)


def act(*operations: dict[str, Any]) -> Act:
    return read_act_json(act_file(MOMENT, operations))


def done(*operations: dict[str, Any], before: Standing = BEFORE) -> tuple[Outcome, Standing]:
    outcome = reorganise(act(*operations), before)
    assert outcome.problems == ()
    return outcome, changed(before, outcome.changes)


def faults(*operations: dict[str, Any], before: Standing = BEFORE) -> set[object]:
    return {one.kind for one in reorganise(act(*operations), before).problems}


def merge(code: str, into: str, **more: Any) -> dict[str, Any]:
    return {"do": "merge", "code": code, "into": [into], **more}


def establish(code: str, **more: Any) -> dict[str, Any]:
    return {"do": "establish", "code": code, "name": code, "level": "commune", **more}


def test_a_merged_agency_is_closed_and_its_children_pass_to_the_successor() -> None:
    outcome, after = done(merge("H28", "H44"))

    assert after.closed == {"H28": ("H44",)}
    assert after.agencies[AgencyCode("H28.31")].parent == "H44"
    assert [change.line for change in outcome.changes if change.code == "H28.31"] == [None]


def test_communes_merge_into_a_new_one_below_the_new_province() -> None:
    _, after = done(
        establish("H44.151", parent="H28", node="H28"),
        merge("H28", "H44"),
        merge("000.05.31.H28", "H44.151"),
        merge("H28.31.06", "H44.151"),
        {"do": "dissolve", "code": "H28.31", "into": ["H44.151"]},
    )

    assert after.closed[AgencyCode("H28.31.05")] == ("H44.151",)
    assert after.agencies[AgencyCode("H44.151")].parent == "H44"
    assert after.agencies[AgencyCode("H28.31.05")] == HOA_BINH[3]


def test_a_recoded_agency_goes_on_under_its_new_code_and_keeps_its_place() -> None:
    outcome, after = done({"do": "recode", "code": "H28.31", "new_code": "H28.99"})

    assert after.closed == {"H28.31": ("H28.99",)}
    assert after.agencies[AgencyCode("H28.99")] == HOA_BINH[2].model_copy(update={"code": "H28.99", "old_code": None})
    assert after.agencies[AgencyCode("H28.31.05")].parent == "H28.99"
    assert {change.follower for change in outcome.changes if change.after is None} == {"H28.99"}


def test_one_agency_may_be_renamed_recoded_moved_and_placed_at_once() -> None:
    code = {"code": "H28.31.05"}
    _, after = done(
        {"do": "rename", **code, "name": "Xã Pà Cò"},
        {"do": "recode", **code, "new_code": "H44.152"},
        {"do": "move", **code, "parent": "H44", "level": "commune"},
        {"do": "place", **code, "node": "H28"},
    )

    made = after.agencies[AgencyCode("H44.152")]
    assert (made.name, made.parent, made.node) == ("Xã Pà Cò", "H44", "H28")


def test_a_successor_that_is_closed_too_is_followed_to_the_end_and_said() -> None:
    outcome, after = done(merge("H28.31.05", "H28.31.06"), merge("H28.31.06", "H28"))

    assert after.closed[AgencyCode("H28.31.05")] == ("H28.31.06",)
    assert [one.kind for one in outcome.warnings] == [Oddity.SUCCESSOR_CLOSED]
    follower = {change.code: change.follower for change in outcome.changes}
    assert follower[AgencyCode("H28.31.05")] == "H28"


def test_codes_of_neither_form_are_kept_with_a_warning() -> None:
    outcome, after = done(establish("vxp.saas.03"))

    assert "vxp.saas.03" in after.agencies
    assert [one.kind for one in outcome.warnings] == [Oddity.CODE_FORM]


def test_clients_stay_behind_where_the_act_says_so_or_several_succeed() -> None:
    outcome, _ = done(
        merge("H28.31.05", "H28", follow=False),
        {"do": "split", "code": "H28.31.06", "into": ["H28", "H44"], "rule": "first"},
    )

    assert {change.follower for change in outcome.changes} == {None}


@pytest.mark.parametrize(
    ("operations", "fault"),
    [
        ([merge("H99", "H44")], Fault.UNKNOWN_CODE),
        ([merge("H28", "H99")], Fault.UNKNOWN_CODE),
        ([merge("H28", "H44"), merge("000.00.00.H28", "H44")], Fault.DUPLICATE),
        ([merge("H28", "H44"), {"do": "rename", "code": "H28", "name": "x"}], Fault.CONFLICTING),
        ([merge("H28", "000.00.00.H28")], Fault.INTO_ITSELF),
        ([merge("H28", "H44"), merge("H44", "H28")], Fault.CIRCLE),
        ([{"do": "split", "code": "H28", "into": ["H44", "H28.31"]}], Fault.RULE_MISSING),
        ([{"do": "dissolve", "code": "H28"}], Fault.CHILD_LEFT),
        ([merge("H28.31.05", "H28.31.06"), {"do": "dissolve", "code": "H28.31.06"}], Fault.SUCCESSOR_ENDS),
        ([establish("H44")], Fault.CODE_TAKEN),
        ([establish("H45", old_code="000.00.00.H28")], Fault.CODE_TAKEN),
        ([establish("H45"), {"do": "recode", "code": "H44", "new_code": "H45"}], Fault.CODE_TAKEN),
        ([establish("H45", parent="H99")], Fault.PARENT),
        ([establish("H45", node="H99")], Fault.UNKNOWN_NODE),
        ([{"do": "move", "code": "H28", "parent": "H28.31"}], Fault.TREE),
        ([{"do": "move", "code": "H28.31", "parent": "H28.31"}], Fault.TREE),
        ([{"do": "move", "code": "H28.31", "parent": "H28.31.05", "level": "commune"}], Fault.TREE),
        ([{"do": "move", "code": "H28.31", "parent": "H44", "level": "central"}], Fault.LEVEL),
        ([{"do": "move", "code": "H28", "parent": "H28.31.05"}], Fault.LEVEL),
        ([{"do": "move", "code": "H44", "parent": "H28", "level": "commune"}], None),
    ],
)
def test_what_stands_against_an_act_is_named(operations: list[dict[str, Any]], fault: Fault | None) -> None:
    found = faults(*operations)

    assert fault in found if fault else not found


def test_a_lowered_parent_is_seen_from_its_children() -> None:
    lowered = {"do": "move", "code": "H28.31", "parent": "H28", "level": "commune"}
    below = replace(BEFORE, agencies={**BEFORE.agencies, AgencyCode("X"): agency("X", "H28.31", Level.DISTRICT)})

    assert faults(lowered, before=below) == {Fault.LEVEL}


@pytest.mark.parametrize(
    "operation",
    [merge("H1", "H44"), {"do": "rename", "code": "H1", "name": "x"}, establish("H1")],
)
def test_a_closed_code_is_neither_changed_nor_used_again(operation: dict[str, Any]) -> None:
    before = standing(*HOA_BINH, agency("H1", None, Level.PROVINCE), closed={"H1": ("H44",)})

    assert faults(operation, before=before) & {Fault.CLOSED_ALREADY, Fault.CODE_TAKEN}


def test_a_closed_agency_stands_for_its_successor_as_parent_and_successor() -> None:
    before = standing(*HOA_BINH, agency("H1", None, Level.PROVINCE), closed={"H1": ("H44",)})

    outcome, after = done(establish("H45", parent="H1"), merge("H28.31.05", "H1"), before=before)

    assert after.agencies[AgencyCode("H45")].parent == "H44"
    assert {one.kind for one in outcome.warnings} == {Oddity.PARENT_CLOSED, Oddity.SUCCESSOR_CLOSED}


def test_an_operation_without_a_decision_is_refused() -> None:
    without = replace(act(merge("H28", "H44")), decision=None)

    assert {one.kind for one in reorganise(without, BEFORE).problems} == {Fault.DECISION_MISSING}


def test_new_agencies_come_before_those_below_them() -> None:
    outcome, _ = done(establish("C", parent="B"), establish("B", parent="A"), establish("A"))

    assert [change.code for change in outcome.changes] == ["A", "B", "C"]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_every_sequence_of_acts_gives_what_a_naive_replay_gives(seed: int) -> None:
    random = Random(seed)  # noqa: S311 — the same seed, the same acts
    history = RandomHistory(random=random)
    first = [AgencyEntry.model_validate(record) for record in history.start(random.randint(8, 60))]
    now = replace(standing(*first), nodes=frozenset({NodeId("H28"), NodeId("G22")}))
    for _ in range(random.randint(1, 8)):
        moment, operations = history.act(random.randint(1, 6))
        outcome = reorganise(read_act_json(act_file(moment, operations)), now) if operations else None
        if outcome is None or outcome.problems:
            continue
        history.applied(moment, operations)
        now = changed(now, outcome.changes)

    for code in history.codes():
        assert told(now, code) == history.world.answer(code)


def told(now: Standing, code: str) -> tuple[str, dict[str, Any] | None, list[str]]:
    own = AgencyCode(code)
    status = "closed" if own in now.closed else "active"
    record = now.agencies[own].model_dump(mode="json", include=set(RECORD))
    return status, record, list(now.closed.get(own, ()))


RECORD = ("code", "old_code", "name", "parent", "level", "node")
