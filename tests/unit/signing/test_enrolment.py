"""Who decides on an enrolment, and who gets a certificate without one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import (
    Enrolment,
    EnrolmentId,
    EnrolmentKind,
    EnrolmentState,
    decide,
    may_see,
    require_one_person_enough,
    require_terms,
)
from lienthong.signing.domain.records import RemoteTerms
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import (
    ApprovalNotAllowed,
    ApprovalRequired,
    EnrolmentDecided,
    EnrolmentExpired,
    EnrolmentInvalid,
)
from tests.unit.signing.test_permissions import HANG_KIA, MAI_CHAU, caller
from tests.unit.signing.test_revocation import NOW

ASKED = Enrolment(
    id=EnrolmentId("01900000-0000-7000-8000-000000000000"),
    kind=EnrolmentKind.CERTIFICATE,
    profile=Profile.AGENCY_SEAL,
    subject=Subject(name="Hang Kia", agency=HANG_KIA),
    requested_by="operator.a",
    requested_at=NOW,
    expires_at=NOW + timedelta(days=14),
)
LATER = NOW + timedelta(hours=1)


def decided(*, approved: bool) -> Enrolment:
    return replace(ASKED, decision=decide(ASKED, caller("operator.b"), approved=approved, reason="x", now=LATER))


def test_another_operator_decides() -> None:
    decision = decide(ASKED, caller("operator.b"), approved=True, reason="đúng hồ sơ", now=LATER)

    assert decision is not None
    assert (decision.approved, decision.by, decision.at, decision.reason) == (True, "operator.b", LATER, "đúng hồ sơ")


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize(
    "who",
    [
        pytest.param(caller("operator.a"), id="the-asker-itself"),
        pytest.param(caller("e-office", HANG_KIA), id="the-agency-itself"),
        pytest.param(caller("e-office", MAI_CHAU), id="another-agency"),
        pytest.param(caller("node.H28"), id="a-node"),
    ],
)
def test_nobody_else_decides(who: Principal, *, approved: bool) -> None:
    with pytest.raises(ApprovalNotAllowed):
        decide(ASKED, who, approved=approved, reason="x", now=LATER)


def test_the_asker_does_not_decide_what_is_decided_already() -> None:
    with pytest.raises(ApprovalNotAllowed):
        decide(decided(approved=True), caller("operator.a"), approved=True, reason="x", now=LATER)


@pytest.mark.parametrize("approved", [True, False])
def test_a_repeated_decision_changes_nothing_and_the_other_one_is_refused(*, approved: bool) -> None:
    before = decided(approved=approved)

    assert decide(before, caller("operator.c"), approved=approved, reason="y", now=LATER) is None
    with pytest.raises(EnrolmentDecided):
        decide(before, caller("operator.c"), approved=not approved, reason="y", now=LATER)


def test_a_stale_enrolment_is_decided_no_more() -> None:
    assert ASKED.state(ASKED.expires_at) is EnrolmentState.EXPIRED
    with pytest.raises(EnrolmentExpired):
        decide(ASKED, caller("operator.b"), approved=True, reason="x", now=ASKED.expires_at)


@pytest.mark.parametrize(
    ("who", "profile"),
    [
        (caller("operator"), Profile.AGENCY_SEAL),
        (caller("operator"), Profile.OFFICER),
        (caller("operator"), Profile.DIRECTORY),
        (caller("e-office", HANG_KIA), Profile.AGENCY_SEAL),
        (caller("e-office", HANG_KIA), Profile.OFFICER),
        (caller("node.H28"), Profile.NODE_SEAL),
    ],
)
def test_what_signs_documents_or_the_map_takes_a_second_person(who: Principal, profile: Profile) -> None:
    with pytest.raises(ApprovalRequired):
        require_one_person_enough(who, profile, now=NOW)


def test_an_operator_gives_a_node_its_seal_alone() -> None:
    require_one_person_enough(caller("operator"), Profile.NODE_SEAL, now=NOW)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (caller("operator.c"), True),
        (caller("e-office", HANG_KIA), True),
        (caller("e-office", MAI_CHAU), False),
        (caller("operator.a", MAI_CHAU), False),
        (caller("node.H28"), False),
    ],
)
def test_an_enrolment_is_seen_by_operators_and_by_whom_it_is_about(who: Principal, *, sees: bool) -> None:
    assert may_see(who, ASKED) is sees


@pytest.mark.parametrize(
    ("profile", "terms"),
    [
        (Profile.NODE_SEAL, RemoteTerms()),
        (Profile.OFFICER, RemoteTerms()),
        (Profile.OFFICER, RemoteTerms(officer="bui-van-a")),
        (Profile.OFFICER, RemoteTerms(officer="bui-van-a", signers=("a",), node=NodeId("H28"))),
        (Profile.AGENCY_SEAL, RemoteTerms(officer="bui-van-a", signers=("a",))),
    ],
)
def test_terms_that_nobody_could_answer_for_are_refused(profile: Profile, terms: RemoteTerms) -> None:
    with pytest.raises(EnrolmentInvalid):
        require_terms(profile, terms)


def test_an_agency_is_named_by_its_own_token_only() -> None:
    assert may_see(caller("x", AgencyCode("H28.31.05")), ASKED)
