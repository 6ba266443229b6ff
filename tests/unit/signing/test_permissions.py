"""Whose certificates, revocations and signatures a caller may ask for."""

import pytest

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import require_may_issue, require_may_sign
from lienthong.signing.domain.records import RemoteKey, Serial
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import ProfileNotAllowed, SigningNotAllowed
from tests.unit.signing.test_revocation import NOW

HANG_KIA = AgencyCode("H28.31.05")
MAI_CHAU = AgencyCode("H28.31")
KEY = RemoteKey(agency=HANG_KIA, serial=Serial("0" * 40), node=NodeId("H28.31.05"), created_at=NOW)


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
