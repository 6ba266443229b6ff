from typing import Any

import pytest
from pydantic import ValidationError

from lienthong.registry.domain.agencies import (
    MAX_DEPTH,
    AgencyDraft,
    Known,
    Outcome,
    Verdict,
    judge,
    search_text,
)
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import NodeId

G22 = AgencyDraft(name="Văn phòng Chính phủ", level=Level.CENTRAL).entry("G22")
H28 = AgencyDraft(name="UBND tỉnh Hòa Bình", level=Level.PROVINCE, old_code="000.00.00.H28").entry("H28")


def commune(code: str = "H28.31.05", **given: Any) -> AgencyEntry:
    return AgencyDraft(**{"name": "UBND xã Hang Kia", "level": Level.COMMUNE, "parent": "H28", **given}).entry(code)


def judged(*entries: AgencyEntry, known: tuple[AgencyEntry, ...] = (H28,)) -> dict[int, Verdict]:
    held = Known(agencies={entry.code: entry for entry in known}, nodes=frozenset({NodeId("H28.31.05")}))
    return {verdict.line: verdict for verdict in judge(list(enumerate(entries, 1)), held)}


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("UBND xã Hang Kia", "ubnd xa hang kia"),
        ("Đà Bắc, ĐÀ  BẮC", "da bac da bac"),
        ("Văn phòng Chính phủ", "van phong chinh phu"),
        ("H28.31.05", "h28.31.05"),
        ("%_\x00", ""),
    ],
)
def test_search_text_has_neither_case_nor_diacritics(text: str, searched: str) -> None:
    assert search_text(text) == searched


def test_composed_and_decomposed_letters_are_searched_alike() -> None:
    assert search_text("Hòa Bi\u0300nh") == search_text("Ho\u0300a Bình")


def test_a_new_agency_is_created() -> None:
    assert judged(commune())[1].outcome is Outcome.CREATED


def test_the_same_again_changes_nothing() -> None:
    assert judged(commune(), known=(H28, commune()))[1].outcome is Outcome.UNCHANGED


def test_another_name_updates() -> None:
    assert judged(commune(name="UBND xã Pà Cò"), known=(H28, commune()))[1].outcome is Outcome.UPDATED


def test_children_may_come_before_their_parents() -> None:
    verdicts = judged(commune(parent="H28.31"), commune("H28.31", level=Level.DISTRICT), known=(H28,))

    assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.CREATED}
    assert list(verdicts) == [2, 1]


def test_a_parent_may_be_named_by_its_former_code() -> None:
    placed = judged(commune(parent="000.00.00.H28"))[1].entry

    assert placed is not None
    assert placed.parent == "H28"


def test_a_refused_parent_takes_its_children_along_and_nobody_else() -> None:
    orphan = commune("H28.31", parent="H99", level=Level.DISTRICT)

    verdicts = judged(orphan, commune(parent="H28.31"), commune("H28.32"))

    assert [verdicts[line].outcome for line in (1, 2, 3)] == [Outcome.REFUSED, Outcome.REFUSED, Outcome.CREATED]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (commune(parent="H99"), "no agency H99"),
        (commune(node="H99"), "no node H99"),
        (commune("H29", level=Level.CENTRAL), "above that of its parent"),
        (commune("000.00.00.H28"), "belongs to agency H28"),
        (commune(old_code="000.00.00.H28"), "belongs to agency H28"),
        (commune(old_code="H28"), "belongs to agency H28"),
        (commune(parent="H28.31.05"), "lead back"),
    ],
)
def test_a_rule_that_is_broken_is_named(entry: AgencyEntry, reason: str) -> None:
    verdict = judged(entry)[1]

    assert verdict.outcome is Outcome.REFUSED
    assert reason in verdict.detail


def test_a_former_code_once_set_is_not_overwritten() -> None:
    held = commune(old_code="000.05.31.H28")

    assert judged(commune(old_code="000.06.31.H28"), known=(H28, held))[1].outcome is Outcome.REFUSED
    assert judged(commune(), known=(H28, held))[1].outcome is Outcome.REFUSED


def test_a_second_line_with_the_same_code_is_refused() -> None:
    verdicts = judged(commune(), commune(name="UBND xã Pà Cò"))

    assert verdicts[1].outcome is Outcome.CREATED
    assert "line 1" in verdicts[2].detail


def test_two_new_agencies_cannot_share_a_former_code() -> None:
    verdicts = judged(commune(old_code="000.05.31.H28"), commune("H28.31.06", old_code="000.05.31.H28"))

    assert verdicts[2].outcome is Outcome.REFUSED


def test_a_circle_within_a_batch_is_refused() -> None:
    verdicts = judged(commune("A1", parent="A2"), commune("A2", parent="A1"))

    assert all("lead back" in verdict.detail for verdict in verdicts.values())
    assert len(verdicts) == 2


def test_a_circle_through_what_is_held_is_refused() -> None:
    held = (H28, commune("A1"), commune("A2", parent="A1"))

    assert "lead back" in judged(commune("A1", parent="A2"), known=held)[1].detail


def test_a_chain_of_parents_has_an_end() -> None:
    chain = [commune("A0", parent=None), *(commune(f"A{n}", parent=f"A{n - 1}") for n in range(1, MAX_DEPTH + 5))]

    verdicts = judged(*chain)

    assert verdicts[MAX_DEPTH + 1].outcome is Outcome.CREATED
    assert verdicts[MAX_DEPTH + 2].outcome is Outcome.REFUSED


@pytest.mark.parametrize("code", ["28.22.H17", "01.02.G22", "vxp.saas.03"])
def test_codes_of_neither_form_are_taken_with_a_warning(code: str) -> None:
    verdict = judged(commune(code))[1]

    assert verdict.outcome is Outcome.CREATED
    assert "Decision 20/2020" in verdict.warnings[0]


@pytest.mark.parametrize("name", ["", " ", "=1+1", "@sum", "a\x00b", "a\nb", "x" * 301])
def test_names_that_harm_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        AgencyDraft(name=name, level=Level.COMMUNE)
