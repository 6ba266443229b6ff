"""What stands in the certificates that the service drafts."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.issuance import Addresses, draft_issuing, draft_leaf, draft_root
from lienthong.signing.domain.records import ROOT, Authority, AuthorityName, serial_text
from lienthong.signing.domain.subjects import Subject, subject_name, subject_uri
from lienthong.signing.errors import SubjectInvalid
from lienthong.signing.keys.handles import KeyHandle, KeyKind, new_serial

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ADDRESSES = Addresses(base_url="https://signing.example")
HANG_KIA = Subject(name="Ủy ban nhân dân xã Hang Kia", agency=AgencyCode("H28.31.05"))


def authority(name: str, certificate: x509.Certificate) -> Authority:
    return Authority(name=AuthorityName(name), serial=serial_text(certificate.serial_number), certificate=certificate)


@pytest.fixture(scope="module")
def root_key() -> KeyHandle:
    return KeyHandle.generate(KeyKind.P384)


@pytest.fixture(scope="module")
def root(root_key: KeyHandle) -> Authority:
    draft = draft_root(root_key.public_key, organisation="Liên Thông", serial=new_serial(), now=NOW)
    return authority(ROOT, root_key.sign_certificate(draft))


@pytest.fixture(scope="module")
def issuing_key() -> KeyHandle:
    return KeyHandle.generate()


@pytest.fixture(scope="module")
def issuing(root: Authority, root_key: KeyHandle, issuing_key: KeyHandle) -> Authority:
    draft = draft_issuing(
        issuing_key.public_key,
        root,
        number=1,
        organisation="Liên Thông",
        serial=new_serial(),
        now=NOW,
        addresses=ADDRESSES,
    )
    return authority("issuing-1", root_key.sign_certificate(draft))


@pytest.fixture(scope="module")
def leaf(issuing: Authority, issuing_key: KeyHandle) -> x509.Certificate:
    draft = draft_leaf(
        issuing,
        Profile.AGENCY_SEAL,
        KeyHandle.generate().public_key,
        subject=HANG_KIA,
        serial=new_serial(),
        now=NOW,
        addresses=ADDRESSES,
    )
    return issuing_key.sign_certificate(draft)


def test_only_authorities_may_issue_and_the_last_may_not_make_another(
    root: Authority, issuing: Authority, leaf: x509.Certificate
) -> None:
    found = [
        one.extensions.get_extension_for_class(x509.BasicConstraints)
        for one in (root.certificate, issuing.certificate, leaf)
    ]

    assert [(one.value.ca, one.value.path_length) for one in found] == [(True, 1), (True, 0), (False, None)]
    assert all(one.critical for one in found)


def test_key_usage_is_critical_and_keeps_signing_and_issuing_apart(issuing: Authority, leaf: x509.Certificate) -> None:
    upper = issuing.certificate.extensions.get_extension_for_class(x509.KeyUsage)
    lower = leaf.extensions.get_extension_for_class(x509.KeyUsage)

    assert upper.critical
    assert lower.critical
    assert (upper.value.key_cert_sign, upper.value.digital_signature) == (True, False)
    assert (lower.value.key_cert_sign, lower.value.digital_signature) == (False, True)


def test_a_certificate_says_where_its_status_its_issuer_and_the_revocation_list_are(leaf: x509.Certificate) -> None:
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value

    names = points[0].full_name
    assert names is not None
    assert names[0].value == "https://signing.example/crl/issuing-1.crl"
    assert [(one.access_method, one.access_location.value) for one in access] == [
        (AuthorityInformationAccessOID.OCSP, "https://signing.example/ocsp"),
        (AuthorityInformationAccessOID.CA_ISSUERS, "https://signing.example/certs/issuing-1.crt"),
    ]


def test_the_chain_is_linked_by_key_identifiers(issuing: Authority, leaf: x509.Certificate) -> None:
    above = issuing.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    below = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

    assert below.key_identifier == above.digest
    leaf.verify_directly_issued_by(issuing.certificate)


def test_vietnamese_names_are_kept_in_utf8(leaf: x509.Certificate) -> None:
    (name,) = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)

    assert name.value == "Ủy ban nhân dân xã Hang Kia"
    assert "Ủy ban nhân dân xã Hang Kia".encode() in leaf.subject.public_bytes()


def test_a_certificate_does_not_outlive_its_issuer(issuing: Authority, issuing_key: KeyHandle) -> None:
    late = issuing.certificate.not_valid_after_utc.replace(month=1)
    draft = draft_leaf(
        issuing,
        Profile.NODE_SEAL,
        KeyHandle.generate().public_key,
        subject=Subject(name="Mai Châu", node=NodeId("H28.31")),
        serial=new_serial(),
        now=late,
        addresses=ADDRESSES,
    )

    certificate = issuing_key.sign_certificate(draft)

    assert certificate.not_valid_after_utc == issuing.certificate.not_valid_after_utc


def test_serial_numbers_fill_twenty_octets_and_are_positive() -> None:
    serials = {new_serial() for _ in range(1000)}

    assert len(serials) == 1000
    assert all(number.bit_length() == 159 for number in serials)


@pytest.mark.parametrize(
    ("profile", "subject"),
    [
        (Profile.AGENCY_SEAL, Subject(name="Hang Kia")),
        (Profile.AGENCY_SEAL, Subject(name="Hang Kia", agency=AgencyCode("H28"), node=NodeId("H28"))),
        (Profile.NODE_SEAL, Subject(name="Hòa Bình", agency=AgencyCode("H28"))),
        (Profile.OFFICER, Subject(name="Người Ký Thử", node=NodeId("H28"))),
        (Profile.DIRECTORY, Subject(name="Danh bạ", agency=AgencyCode("H28"))),
        (Profile.AGENCY_SEAL, Subject(name="Hang Kia", agency=AgencyCode("H" * 36))),
    ],
)
def test_a_subject_names_exactly_what_its_profile_is_about(profile: Profile, subject: Subject) -> None:
    with pytest.raises(SubjectInvalid):
        subject_uri(profile, subject)


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "zero\x00", "\ud800"])
def test_a_name_is_plain_text(name: str) -> None:
    with pytest.raises(SubjectInvalid):
        subject_name(Profile.AGENCY_SEAL, Subject(name=name))


def test_a_long_name_is_cut_between_characters() -> None:
    whole = "Ủy ban nhân dân " * 10

    name = subject_name(Profile.AGENCY_SEAL, Subject(name=whole))

    (common,) = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    (organisation,) = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert whole.startswith(str(common.value))
    assert len(str(common.value).encode()) <= 64
    assert len(organisation.value) == 63


def test_every_extension_but_the_constraints_may_be_ignored(leaf: x509.Certificate) -> None:
    critical = {one.oid for one in leaf.extensions if one.critical}

    assert critical == {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE}
