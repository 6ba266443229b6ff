"""Closed agencies in a node's directory: found by either code, and followed to who answers for them now."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from lienthong.shared.contracts.directory import AgencyEntry, ClosedAgency, DirectorySnapshot, Level
from lienthong.shared.directory import MAX_SUCCESSIONS, Directory
from lienthong.shared.identifiers import AgencyCode, NodeId

NOW = datetime(2025, 6, 30, 17, tzinfo=UTC)
HANG_KIA = AgencyEntry(
    code=AgencyCode("H44.151"),
    name="UBND xã Pà Cò",
    parent=AgencyCode("H44"),
    level=Level.COMMUNE,
    node=NodeId("H44"),
    email="paco@example.vn",
)
PHU_THO = AgencyEntry(
    code=AgencyCode("H44"),
    old_code=AgencyCode("000.00.00.H44"),
    name="UBND tỉnh Phú Thọ",
    parent=None,
    level=Level.PROVINCE,
    node=NodeId("H44"),
)


def closed(code: str, *successors: str, rule: str | None = None, old_code: str | None = None) -> ClosedAgency:
    return ClosedAgency(
        code=AgencyCode(code),
        old_code=AgencyCode(old_code) if old_code else None,
        name=f"UBND {code}",
        parent=None,
        level=Level.DISTRICT,
        node=None,
        closed_at=NOW,
        successors=tuple(map(AgencyCode, successors)),
        succession=rule,
        last_node=NodeId("H28"),
    )


def snapshot(*gone: ClosedAgency, agencies: Sequence[AgencyEntry] = (PHU_THO, HANG_KIA)) -> DirectorySnapshot:
    return DirectorySnapshot(
        version=1, issued_at=NOW, expires_at=NOW + timedelta(days=1), nodes=(), agencies=agencies, closed=gone
    )


def answering(code: str, *gone: ClosedAgency) -> list[str]:
    found = Directory(snapshot(*gone)).responsible(code)
    assert found is not None
    return [agency.code for agency in found.agencies]


@pytest.mark.parametrize("code", ["H28.31", "000.00.31.H28"])
def test_a_closed_agency_is_found_by_either_code_with_what_became_of_it(code: str) -> None:
    mai_chau = closed("H28.31", "H44.151", old_code="000.00.31.H28")

    found = Directory(snapshot(mai_chau)).agency(code)

    assert found == mai_chau
    assert found.node is None


def test_an_agency_at_work_answers_for_itself() -> None:
    assert answering("000.00.00.H44") == ["H44"]


def test_a_code_that_nobody_ever_had_has_nobody() -> None:
    assert Directory(snapshot()).responsible("H99") is None


def test_successors_that_were_closed_too_are_followed_to_the_end() -> None:
    assert answering("A", closed("A", "B"), closed("B", "C"), closed("C", "H44")) == ["H44"]


def test_each_of_several_answers_unless_the_act_names_the_first() -> None:
    shared = Directory(snapshot(closed("A", "H44", "H44.151", rule="all"))).responsible("A")

    assert shared is not None
    assert shared.shared
    assert answering("A", closed("A", "H44", "H44.151", rule="all")) == ["H44", "H44.151"]
    assert answering("A", closed("A", "H44", "H44.151", rule="first")) == ["H44"]
    assert answering("A", closed("A", "H44", "H44.151", rule="by-some-later-rule")) == ["H44", "H44.151"]


def test_one_that_succeeds_by_two_ways_answers_once() -> None:
    assert answering("A", closed("A", "B", "C"), closed("B", "H44"), closed("C", "H44")) == ["H44"]


@pytest.mark.parametrize("gone", [[closed("A")], [closed("A", "B"), closed("B", "A")], [closed("A", "unknown")]])
def test_where_nobody_took_over_nobody_answers(gone: list[ClosedAgency]) -> None:
    assert answering("A", *gone) == []


def test_a_chain_without_end_is_given_up() -> None:
    chain = [closed(f"A{n}", f"A{n + 1}") for n in range(MAX_SUCCESSIONS * 3)]

    assert answering("A0", *chain) == []


def test_a_snapshot_says_the_same_after_its_journey() -> None:
    sent = snapshot(closed("H28.31", "H44.151", "H44", rule="all"), closed("H28.32"))

    arrived = DirectorySnapshot.model_validate_json(sent.model_dump_json())

    assert arrived == sent
    assert (list(arrived.agencies), list(arrived.closed)) == (list(sent.agencies), list(sent.closed))
    assert list(arrived.agencies) == [PHU_THO, HANG_KIA]


def test_agencies_as_a_list_of_objects_are_read_too() -> None:
    earlier = {**snapshot().model_dump(mode="json"), "agencies": [PHU_THO.model_dump(mode="json")]}
    earlier.pop("closed")

    read = DirectorySnapshot.model_validate(earlier)

    assert (list(read.agencies), list(read.closed)) == ([PHU_THO], [])


@pytest.mark.parametrize(
    "agencies",
    [{"code": ["A"], "old_code": []}, {"level": "x"}, "H28", 7, [{"code": "A"}], {"code": [7], "level": "t"}],
)
def test_columns_that_do_not_fit_are_no_directory(agencies: object) -> None:
    with pytest.raises(ValidationError):
        DirectorySnapshot.model_validate({**snapshot().model_dump(mode="json"), "agencies": agencies})


def test_parts_of_a_table_are_read_as_of_any_sequence() -> None:
    table = snapshot().agencies

    assert (len(table), table[-1:], PHU_THO in table) == (2, [HANG_KIA], True)
    with pytest.raises(IndexError):
        table[2]
