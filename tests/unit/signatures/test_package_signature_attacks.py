"""Each test is named after the attack that it tries."""

from base64 import b64encode

import pytest
from lxml import etree

from lienthong.shared.edxml.errors import AttachmentMissing, DuplicateID
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.report import (
    Indication,
    PackageSignature,
    SignatureKind,
    SignatureReport,
    SubIndication,
    package_signature,
)
from lienthong.shared.signatures.xades import verify_package_signatures
from lienthong.shared.signatures.xades_checking import check_signature
from lienthong.shared.signatures.xades_references import SignedData, Target
from lienthong.shared.signatures.xmldsig import (
    DS,
    name,
)
from tests.support.packages import END, START, attachment, between, read, sign, unsigned_package
from tests.support.pki import NOW, PKI, Credential

HEADER_START, HEADER_END = b"<edXML:MessageHeader ", b"</edXML:MessageHeader>"


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


@pytest.fixture
def agency(pki: PKI) -> Credential:
    return pki.agency("H28")


@pytest.fixture
def package(agency: Credential) -> bytes:
    return sign(unsigned_package(), agency)


def verify(package: bytes, pki: PKI) -> SignatureReport:
    (report,) = verify_package_signatures(read(package), trust=pki.trust(), at=NOW)
    return report


def verdict(package: bytes, pki: PKI) -> tuple[PackageSignature, SubIndication | None]:
    report = verify(package, pki)
    return package_signature((report,)), report.sub_indication


def test_changed_subject(pki: PKI, package: bytes) -> None:
    changed = package.replace("thử nghiệm".encode(), "thử thách".encode())

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.HASH_FAILURE)


def test_changed_attachment(pki: PKI, package: bytes) -> None:
    changed = package.replace(b64encode(b"%PDF-1.7 one"), b64encode(b"%PDF-1.7 two"))

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.HASH_FAILURE)


def test_removed_attachment(pki: PKI, package: bytes) -> None:
    second = between(package, b'<Attachment Id="attachment-2">', b"</AttachmentEncoded>")
    without = package.replace(second, b"</AttachmentEncoded>")
    with pytest.raises(AttachmentMissing):
        read(without)

    entry = between(package, b"<edXML:Reference><edXML:ContentId>cid:van-ban-2", b"</edXML:edXMLManifest>")
    without_entry = without.replace(entry, b"</edXML:edXMLManifest>")

    assert verdict(without_entry, pki) == (PackageSignature.INVALID, SubIndication.HASH_FAILURE)


def test_part_that_lost_its_id(pki: PKI, package: bytes) -> None:
    changed = package.replace(b' Id="business"', b"")

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.SIGNED_DATA_NOT_FOUND)


def test_extra_attachment_is_uncovered(pki: PKI, package: bytes) -> None:
    extra = attachment(3, b"%PDF-1.7 three").encode() + b"</AttachmentEncoded>"
    changed = package.replace(b"</AttachmentEncoded>", extra)

    report = verify(changed, pki)

    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert report.not_covered == ("edXML/AttachmentEncoded/Attachment[3]",)


def test_wrapping_with_the_signed_header_moved_elsewhere_in_the_package(package: bytes) -> None:
    header = between(package, HEADER_START, HEADER_END)
    forged = header.replace("thử nghiệm".encode(), "giả mạo".encode())
    moved = package.replace(header, forged).replace(b"<edXML:TraceHeader>", b"<edXML:TraceHeader>" + header)

    with pytest.raises(DuplicateID):
        read(moved)


def test_wrapping_with_the_signed_header_moved_into_the_signature(package: bytes) -> None:
    header = between(package, HEADER_START, HEADER_END)
    forged = header.replace("thử nghiệm".encode(), "giả mạo".encode())
    moved = package.replace(header, forged).replace(END, b"<ds:Object>" + header + b"</ds:Object>" + END)

    with pytest.raises(DuplicateID):
        read(moved)


def test_wrapping_that_a_reader_let_pass(pki: PKI, package: bytes) -> None:
    element = etree.fromstring(between(package, START, END))
    etree.SubElement(element, name(DS, "Object"), Id="header")
    data = SignedData(targets={"#header": Target(name="h", sha256=Sha256("0" * 64), canonical=True)}, essential=())

    report = check_signature(element, data, kind=SignatureKind.XADES, where="package", trust=pki.trust(), at=NOW)

    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.checks[-1].detail == "The Id header stands twice."


def test_wrapping_with_another_id_on_the_header_that_is_read(pki: PKI, package: bytes) -> None:
    header = between(package, HEADER_START, HEADER_END)
    forged = header.replace(b'Id="header"', b'Id="forged"')
    moved = package.replace(header, forged).replace(END, b"<ds:Object>" + header + b"</ds:Object>" + END)

    report = verify(moved, pki)

    assert report.indication is not Indication.TOTAL_PASSED
    assert "edXML/edXMLEnvelope/edXMLHeader/MessageHeader" in report.not_covered
