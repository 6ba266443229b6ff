"""Whose certificates, revocations and signatures a caller may ask for."""

from typing import Any

import pytest

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import require_may_issue, require_may_sign
from lienthong.signing.domain.records import RemoteKey, RemoteTerms, Serial
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import ProfileNotAllowed, SigningNotAllowed
from tests.unit.signing.test_revocation import NOW

HANG_KIA = AgencyCode("H28.31.05")
MAI_CHAU = AgencyCode("H28.31")


def key(**terms: Any) -> RemoteKey:
    return RemoteKey(agency=HANG_KIA, serial=Serial("0" * 40), terms=RemoteTerms(**terms), created_at=NOW)


KEY = key(node=NodeId("H28.31.05"))
CLERKS = key(signers=("van-thu.hang-kia",))
OFFICER = key(officer="bui-van-a", signers=("bui-van-a.hang-kia",))


def caller(client_id: str, agency: AgencyCode | None = None) -> Principal:
    return Principal(client_id=client_id, agency=agency, scopes=frozenset())


ALLOWED = [
    (caller("e-office", HANG_KIA), Profile.AGENCY_SEAL, Subject(name="Hang Kia", agency=HANG_KIA)),
    (caller("e-office", HANG_KIA), Profile.OFFICER, Subject(name="Người Ký Thử", agency=HANG_KIA)),
    (caller("node.H28"), Profile.NODE_SEAL, Subject(name="Hòa Bình", node=NodeId("H28"))),
    (caller("operator"), Profile.DIRECTORY, Subject(name="Danh bạ")),
    (caller("operator"), Profile.NODE_SEAL, Subject(name="Hòa Bình", node=NodeId("H28"))),
]
REFUSED = [
    (caller("e-office", HANG_KIA), Profile.AGENCY_SEAL, Subject(name="Mai Châu", agency=MAI_CHAU)),
    (caller("e-office", HANG_KIA), Profile.NODE_SEAL, Subject(name="Hang Kia", node=NodeId("H28.31.05"))),
    (caller("node.H28", HANG_KIA), Profile.NODE_SEAL, Subject(name="Hòa Bình", node=NodeId("H28"))),
    (caller("e-office", HANG_KIA), Profile.DIRECTORY, Subject(name="Danh bạ")),
    (caller("node.H28"), Profile.NODE_SEAL, Subject(name="Mai Châu", node=NodeId("H28.31"))),
    (caller("node.H28"), Profile.AGENCY_SEAL, Subject(name="Hang Kia", agency=HANG_KIA)),
    (caller("operator"), Profile.ISSUING, Subject(name="Another CA")),
    (caller("operator"), Profile.ROOT, Subject(name="Another root")),
]


@pytest.mark.parametrize(("who", "profile", "subject"), ALLOWED)
def test_a_caller_gets_certificates_in_its_own_name(who: Principal, profile: Profile, subject: Subject) -> None:
    require_may_issue(who, profile, subject)


@pytest.mark.parametrize(("who", "profile", "subject"), REFUSED)
def test_a_caller_gets_no_other_certificates(who: Principal, profile: Profile, subject: Subject) -> None:
    with pytest.raises(ProfileNotAllowed):
        require_may_issue(who, profile, subject)


@pytest.mark.parametrize("who", [caller("e-office", HANG_KIA), caller("node.H28.31.05")])
def test_the_agency_and_the_node_of_its_key_may_sign(who: Principal) -> None:
    require_may_sign(who, HANG_KIA, KEY)


@pytest.mark.parametrize("who", [caller("e-office", MAI_CHAU), caller("node.H28"), caller("operator")])
def test_nobody_else_may_sign(who: Principal) -> None:
    with pytest.raises(SigningNotAllowed):
        require_may_sign(who, HANG_KIA, KEY)


def test_a_key_that_names_persons_signs_for_them_only() -> None:
    require_may_sign(caller("van-thu.hang-kia", HANG_KIA), HANG_KIA, CLERKS)
    with pytest.raises(SigningNotAllowed):
        require_may_sign(caller("e-office", HANG_KIA), HANG_KIA, CLERKS)


def test_a_person_named_by_a_key_must_be_of_its_agency() -> None:
    for stranger in (caller("van-thu.hang-kia", MAI_CHAU), caller("van-thu.hang-kia")):
        with pytest.raises(SigningNotAllowed):
            require_may_sign(stranger, HANG_KIA, CLERKS)


def test_an_officers_key_signs_for_the_officer_and_not_for_the_agencys_other_systems() -> None:
    require_may_sign(caller("bui-van-a.hang-kia", HANG_KIA), HANG_KIA, OFFICER)
    for other in (caller("e-office", HANG_KIA), caller("node.H28.31.05"), caller("operator")):
        with pytest.raises(SigningNotAllowed):
            require_may_sign(other, HANG_KIA, OFFICER)
