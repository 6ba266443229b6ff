"""The machine of recalls, updates and replacements, as a table, and whatever order things come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.exchange.domain.amendments import (
    ANSWER_CODES,
    AmendmentKind,
    AmendmentState,
    HeldAmendment,
    Standing,
    answered,
    closed,
    concerned,
    end_on_agreement,
    met,
)
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId

R, U, P = AmendmentKind.RECALL, AmendmentKind.UPDATE, AmendmentKind.REPLACE
HERE, ELSEWHERE = True, False
TABLE = [
    # what stands here                      asked        comes of it, and why the delivery ends
    ("initial", "", HERE, R, "effective", "recalled"),
    ("initial", "", HERE, P, "effective", "replaced"),
    ("initial", "", HERE, U, "asked", None),
    ("processing", "", HERE, R, "asked", None),
    ("processing", "", HERE, P, "asked", None),
    ("processing", "", HERE, U, "asked", None),
    ("done", "", HERE, R, "asked", None),
    ("done", "", HERE, P, "asked", None),
    ("done", "", HERE, U, "asked", None),
    ("fail", "recalled", HERE, R, "effective", None),
    ("fail", "recalled", HERE, P, "moot", None),
    ("fail", "recalled", HERE, U, "moot", None),
    ("fail", "replaced", HERE, R, "moot", None),
    ("fail", "replaced", HERE, P, "moot", None),
    ("fail", "expired", HERE, R, "moot", None),
    ("fail", "recipient-reported-failure", HERE, U, "moot", None),
    ("initial", "", ELSEWHERE, R, "asked", None),
    ("initial", "", ELSEWHERE, P, "asked", None),
    ("initial", "", ELSEWHERE, U, "asked", None),
    ("done", "", ELSEWHERE, R, "asked", None),
    ("fail", "recalled", ELSEWHERE, R, "effective", None),
    ("fail", "package-too-large", ELSEWHERE, R, "moot", None),
]
ANSWERS = [
    ("asked", "15", "agreed"),
    ("asked", "16", "refused"),
    ("refused", "15", "agreed"),
    ("refused", "16", "refused"),
    ("agreed", "15", "agreed"),
    ("agreed", "16", "agreed"),
    ("effective", "15", "agreed"),
    ("effective", "16", "effective"),
    ("moot", "15", "moot"),
    ("moot", "16", "moot"),
]


def standing(transport: str, reason: str = "", *, is_here: bool = True, is_withdrawn: bool = False) -> Standing:
    return Standing(transport=TransportStatus(transport), reason=reason, is_here=is_here, is_withdrawn=is_withdrawn)


def held(request: str, kind: AmendmentKind, state: str) -> HeldAmendment:
    return HeldAmendment(
        request=DocumentId(request),
        kind=kind,
        reason="",
        sender=AgencyCode("H28"),
        document=DocumentId("d"),
        delivery=DeliveryId("v"),
        origin=NodeId("H28"),
        state=AmendmentState(state),
        standing=standing("done"),
    )


@pytest.mark.parametrize("row", TABLE)
def test_what_comes_of_asking(row: tuple[str, str, bool, AmendmentKind, str, str | None]) -> None:
    transport, reason, is_here, kind, state, ends = row

    outcome = met(kind, standing(transport, reason, is_here=is_here))

    assert (outcome.state, outcome.ends) == (state, ends)


@pytest.mark.parametrize("transport", ["processing", "done"])
def test_after_an_agreed_recall_there_is_nothing_left_to_change(transport: str) -> None:
    withdrawn = standing(transport, is_withdrawn=True)

    assert [met(kind, withdrawn).state for kind in (R, U, P)] == ["agreed", "moot", "moot"]


@pytest.mark.parametrize(("state", "code", "expected"), ANSWERS)
def test_where_an_answer_leads(state: str, code: str, expected: str) -> None:
    assert answered(AmendmentState(state), BusinessStatus(code)) == expected


@given(st.lists(st.sampled_from(sorted(ANSWER_CODES)), min_size=1), st.randoms())
def test_answers_that_overtake_each_other_end_alike(codes: list[BusinessStatus], random: object) -> None:
    def after(given_codes: list[BusinessStatus]) -> AmendmentState:
        state = AmendmentState.ASKED
        for code in given_codes:
            state = answered(state, code)
        return state

    shuffled = [*codes]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert after(shuffled) is after(codes)


@pytest.mark.parametrize("kind", [R, P])
@pytest.mark.parametrize("code", sorted(ANSWER_CODES))
def test_evidence_and_answer_end_alike_whichever_comes_first(kind: AmendmentKind, code: BusinessStatus) -> None:
    """At the origin: 15 and the evidence that the delivery was taken back travel apart."""
    reason = {R: "recalled", P: "replaced"}[kind]
    assert closed(kind, reason) is AmendmentState.EFFECTIVE

    evidence_first = answered(closed(kind, reason), BusinessStatus.RECALL_AGREED)

    assert evidence_first is answered(AmendmentState.ASKED, BusinessStatus.RECALL_AGREED)
    assert answered(AmendmentState.AGREED, code) is AmendmentState.AGREED


@pytest.mark.parametrize(("kind", "reason"), [(R, "expired"), (R, "replaced"), (P, "recalled"), (U, "recalled")])
def test_a_delivery_that_fails_otherwise_leaves_nothing_to_ask(kind: AmendmentKind, reason: str) -> None:
    assert closed(kind, reason) is AmendmentState.MOOT


@pytest.mark.parametrize(
    ("kind", "transport", "is_here", "ends"),
    [
        (R, "processing", HERE, "recalled"),
        (P, "initial", HERE, "replaced"),
        (U, "processing", HERE, None),
        (R, "done", HERE, None),
        (R, "fail", HERE, None),
        (R, "processing", ELSEWHERE, None),
    ],
)
def test_an_agreement_ends_only_what_is_open_here(
    kind: AmendmentKind, transport: str, is_here: bool, ends: str | None
) -> None:
    assert end_on_agreement(kind, standing(transport, is_here=is_here)) == ends


def test_an_answer_settles_the_request_that_it_names_and_its_repetitions() -> None:
    asked = [held("1", R, "refused"), held("2", R, "asked"), held("3", U, "asked")]

    assert [one.request for one in concerned(asked, named=DocumentId("1"))] == ["1", "2"]
    assert [one.request for one in concerned(asked, named=DocumentId("3"))] == ["3"]


def test_an_answer_without_a_name_never_answers_another_kind_of_question() -> None:
    """A recall was refused; later an update is agreed to, by the document's number only."""
    asked = [held("1", R, "refused"), held("2", U, "asked")]

    assert [one.request for one in concerned(asked, named=None)] == ["2"]
    assert [one.request for one in concerned(asked[:1], named=None)] == ["1"]
    assert concerned([], named=None) == ()
