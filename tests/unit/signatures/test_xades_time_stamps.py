"""XAdES B-T: what a time stamp in a package's or container's signature is worth, and what it is not."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import Unavailable
from lienthong.shared.signatures.asice import ContainerFile, build_container, verify_container_signatures
from lienthong.shared.signatures.existence import MAX_TIME_STAMPS
from lienthong.shared.signatures.report import Indication, Proof, SignatureReport, SubIndication
from lienthong.shared.signatures.xades import sign_package, verify_package_signatures
from lienthong.shared.signatures.xmldsig import XADES, name
from tests.support.packages import edited, find, local_key, read, sign, unsigned_package
from tests.support.pki import NOW, PKI
from tests.support.time_stamping import TimeStamper

DAY = timedelta(days=1)
STAMP = f".//{name(XADES, 'SignatureTimeStamp')}"
TOKEN = f".//{name(XADES, 'EncapsulatedTimeStamp')}"


class AuthorityAway(Unavailable):
    code = "authority-away"
    title = "The authority is away"


def away(_digest: bytes) -> bytes:
    raise AuthorityAway("Nobody answers.")


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


@pytest.fixture
def stamped(pki: PKI) -> bytes:
    return sign(unsigned_package(), pki.agency("H28"), stamp=TimeStamper.of(pki).stamp)


def judge(package: bytes, pki: PKI) -> SignatureReport:
    """The verdict of a day later, when only a time stamp proves that the signature is older."""
    trust = pki.trust(crls=(pki.root.crl(at=NOW + DAY), pki.issuing.crl(at=NOW + DAY)))
    (report,) = verify_package_signatures(read(package), trust=trust, at=NOW + DAY)
    return report


def shown_stamps(report: SignatureReport) -> list[bool | None]:
    return [one.passed for one in report.checks if one.name == "time stamp"]


def test_package_signed_with_a_stamp_is_b_t_and_proven_since_then(pki: PKI, stamped: bytes) -> None:
    report = judge(stamped, pki)

    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, "XAdES-B-T")
    assert (report.best_signature_time, report.proof) == (NOW, Proof.TIME_STAMP)
    assert report.proof_source == "CN=Outside Service"


def test_package_of_a_signer_revoked_after_the_stamp_passes(pki: PKI) -> None:
    agency = pki.agency("H28")
    package = sign(unsigned_package(), agency, stamp=TimeStamper.of(pki).stamp)
    bare = sign(unsigned_package(), agency)
    pki.issuing.revoke(agency.certificate, NOW + timedelta(hours=1))

    assert judge(package, pki).indication is Indication.TOTAL_PASSED
    assert judge(bare, pki).sub_indication is SubIndication.REVOKED_NO_POE


def test_package_of_a_signer_revoked_before_the_stamp_fails(pki: PKI) -> None:
    agency = pki.agency("H28")
    pki.issuing.revoke(agency.certificate, NOW - timedelta(hours=1))
    package = sign(unsigned_package(), agency, stamp=TimeStamper.of(pki).stamp)

    assert judge(package, pki).sub_indication is SubIndication.REVOKED


def test_stamp_of_another_signature_moved_into_this_one_proves_nothing(pki: PKI, stamped: bytes) -> None:
    other = etree.fromstring(sign(unsigned_package(), pki.agency("H28"), stamp=TimeStamper.of(pki).stamp))
    taken = find(other, TOKEN).text

    def swap(signature: etree._Element) -> None:
        find(signature, TOKEN).text = taken

    assert_stays_b_b(judge(edited(stamped, swap), pki), SubIndication.HASH_FAILURE)


def test_flipped_byte_in_the_stamp_proves_nothing(pki: PKI, stamped: bytes) -> None:
    def flip(signature: etree._Element) -> None:
        token = find(signature, TOKEN)
        text = token.text or ""
        token.text = text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]

    assert_stays_b_b(judge(edited(stamped, flip), pki), SubIndication.SIG_CRYPTO_FAILURE)


@pytest.mark.parametrize("content", ["%%%", "", b64encode(b"no token").decode()], ids=["no base64", "empty", "no DER"])
def test_something_else_than_a_token_proves_nothing(pki: PKI, stamped: bytes, content: str) -> None:
    def replace(signature: etree._Element) -> None:
        find(signature, TOKEN).text = content

    assert_stays_b_b(judge(edited(stamped, replace), pki), SubIndication.FORMAT_FAILURE)


def test_stamp_over_a_canonical_form_with_comments_is_disregarded(pki: PKI, stamped: bytes) -> None:
    def rename(signature: etree._Element) -> None:
        find(signature, f"{STAMP}/ds:CanonicalizationMethod").set("Algorithm", "urn:anything")

    report = judge(edited(stamped, rename), pki)

    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, "XAdES-B-B")
    assert shown_stamps(report) == [False]


def test_stamp_without_a_named_canonical_form_is_over_the_inclusive_one(pki: PKI, stamped: bytes) -> None:
    def unname(signature: etree._Element) -> None:
        stamp = find(signature, STAMP)
        stamp.remove(find(stamp, "ds:CanonicalizationMethod"))

    assert_stays_b_b(judge(edited(stamped, unname), pki), SubIndication.HASH_FAILURE)


def test_a_thousand_stamps_are_not_looked_at(pki: PKI, stamped: bytes) -> None:
    def multiply(signature: etree._Element) -> None:
        stamp = find(signature, STAMP)
        find(stamp, "xades:EncapsulatedTimeStamp").text = "AAAA"
        for _ in range(1_000):
            etree.SubElement(stamp, name(XADES, "EncapsulatedTimeStamp")).text = "AA=="

    report = judge(edited(stamped, multiply), pki)

    assert shown_stamps(report) == [False] * MAX_TIME_STAMPS


def assert_stays_b_b(report: SignatureReport, why: SubIndication) -> None:
    """The signature holds, by its receipt alone; the report shows the stamp and says why it proves nothing."""
    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, "XAdES-B-B")
    assert (report.proof, report.best_signature_time) == (Proof.RECEIPT, NOW + DAY)
    assert shown_stamps(report) == [False]
    assert why.value in next(one.detail for one in report.checks if one.name == "time stamp")


def test_authority_that_is_away_leaves_b_b_and_says_so(pki: PKI, tmp_path: Path) -> None:
    unsigned, package = tmp_path / "unsigned.edxml", tmp_path / "package.edxml"
    unsigned.write_bytes(unsigned_package())
    key = local_key(pki.agency("H28"))

    without = sign_package(unsigned, package, key, at=NOW, stamp=away)
    report = judge(package.read_bytes(), pki)
    with_one = sign_package(unsigned, package, key, at=NOW, stamp=TimeStamper.of(pki).stamp)

    assert (without, with_one) == (False, True)
    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, "XAdES-B-B")


def test_container_signed_with_a_stamp_is_proven_since_then(pki: PKI, tmp_path: Path) -> None:
    message, path = tmp_path / "message.edxml", tmp_path / "package.asice"
    message.write_bytes(unsigned_package())
    files = (ContainerFile(name="message.edxml", path=message, media_type=EDXML),)
    with path.open("w+b") as out:
        stamped = build_container(files, out, key=local_key(pki.agency("H28")), at=NOW, stamp=TimeStamper.of(pki).stamp)

    trust = pki.trust()
    (report,) = verify_container_signatures(path, read_package(path, ASICE), trust=trust, at=NOW + DAY)

    assert stamped
    assert (report.level, report.proof, report.best_signature_time) == ("XAdES-B-T", Proof.TIME_STAMP, NOW)
