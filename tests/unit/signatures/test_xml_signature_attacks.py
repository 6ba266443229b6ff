"""Attacks on the signature itself; each test is named after the one that it tries."""

from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from lienthong.shared.signatures.report import (
    PackageSignature,
    SignatureKind,
    SignatureReport,
    SubIndication,
    package_signature,
)
from lienthong.shared.signatures.xades import verify_package_signatures
from lienthong.shared.signatures.xades_checking import check_signature
from lienthong.shared.signatures.xades_references import SignedData
from lienthong.shared.signatures.xmldsig import (
    DS,
    EXCLUSIVE,
    NAMESPACES,
    SignatureMalformed,
    canonical,
    name,
    parse_signature,
    parse_xml,
)
from tests.support.packages import END, START, between, edited, find, read, resigned, sign, unsigned_package
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


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    ],
)
def test_transform_injection(pki: PKI, package: bytes, agency: Credential, algorithm: str) -> None:
    def inject(signature: etree._Element) -> None:
        transforms = find(signature, "ds:SignedInfo/ds:Reference/ds:Transforms")
        transforms.insert(0, etree.Element(name(DS, "Transform"), Algorithm=algorithm))

    changed = resigned(package, inject, agency)

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_canonicalisation_parameters(pki: PKI, package: bytes, agency: Credential) -> None:
    def inject(signature: etree._Element) -> None:
        transform = find(signature, "ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform")
        etree.SubElement(transform, name(EXCLUSIVE, "InclusiveNamespaces"), PrefixList="ds")

    changed = resigned(package, inject, agency)

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_hmac_confusion_with_the_public_key_as_secret(pki: PKI, package: bytes, agency: Credential) -> None:
    secret = agency.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def confuse(signature: etree._Element) -> None:
        method = find(signature, "ds:SignedInfo/ds:SignatureMethod")
        method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
        mac = HMAC(secret, SHA256())
        mac.update(canonical(find(signature, "ds:SignedInfo")))
        find(signature, "ds:SignatureValue").text = b64encode(mac.finalize()).decode()

    assert verify(edited(package, confuse), pki).sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


@pytest.mark.parametrize(
    ("path", "algorithm"),
    [
        ("ds:SignedInfo/ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
        ("ds:SignedInfo/ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("ds:SignedInfo/ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        ("ds:SignedInfo/ds:Reference/ds:DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("ds:SignedInfo/ds:CanonicalizationMethod", "http://www.w3.org/2006/12/xml-c14n11#WithComments"),
    ],
)
def test_sha1_and_other_unlisted_algorithms(pki: PKI, package: bytes, path: str, algorithm: str) -> None:
    changed = edited(package, lambda signature: find(signature, path).set("Algorithm", algorithm))

    assert verify(changed, pki).sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_key_confusion_with_a_bare_key_beside_the_certificate(pki: PKI, package: bytes) -> None:
    def confuse(signature: etree._Element) -> None:
        info = find(signature, "ds:KeyInfo")
        info.insert(0, etree.Element(name(DS, "KeyValue")))

    changed = resigned(package, confuse, PKI.new().agency("H28"))

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.SIG_CRYPTO_FAILURE)


def test_key_confusion_with_another_certificate_of_the_same_key(pki: PKI, package: bytes, agency: Credential) -> None:
    other = pki.agency("H29", key=agency.key).certificate.public_bytes(Encoding.DER)

    def swap(signature: etree._Element) -> None:
        find(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate").text = b64encode(other).decode()

    assert verify(edited(package, swap), pki).sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


@pytest.mark.parametrize("uri", ["http://127.0.0.1/x", "file:///etc/passwd", "#nothing", "header", "#xpointer(/)", ""])
def test_external_and_dangling_references(pki: PKI, package: bytes, agency: Credential, uri: str) -> None:
    changed = resigned(package, lambda signature: find(signature, "ds:SignedInfo/ds:Reference").set("URI", uri), agency)

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.SIGNED_DATA_NOT_FOUND)


def test_reference_to_the_whole_file_is_unverifiable(pki: PKI, package: bytes, agency: Credential) -> None:
    def whole(signature: etree._Element) -> None:
        reference = find(signature, "ds:SignedInfo/ds:Reference")
        reference.set("URI", "")
        find(reference, "ds:Transforms/ds:Transform").set("Algorithm", f"{DS}enveloped-signature")

    changed = resigned(package, whole, agency)

    assert verdict(changed, pki) == (PackageSignature.UNVERIFIABLE, SubIndication.GENERIC)


def test_reference_to_signed_info_itself(pki: PKI, package: bytes, agency: Credential) -> None:
    def circle(signature: etree._Element) -> None:
        find(signature, "ds:SignedInfo").set("Id", "circle")
        find(signature, "ds:SignedInfo/ds:Reference").set("URI", "#circle")

    assert verify(resigned(package, circle, agency), pki).sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_changed_signing_time(pki: PKI, package: bytes) -> None:
    changed = package.replace(b"2026-03-02T08:00:00Z", b"2026-03-02T07:00:00Z")

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.HASH_FAILURE)


def test_properties_that_nobody_signed(pki: PKI, package: bytes, agency: Credential) -> None:
    def drop(signature: etree._Element) -> None:
        info = find(signature, "ds:SignedInfo")
        info.remove(info.findall("ds:Reference", NAMESPACES)[-1])

    assert verdict(resigned(package, drop, agency), pki)[1] is SubIndication.FORMAT_FAILURE


def test_properties_about_another_signature(pki: PKI, package: bytes) -> None:
    def retarget(signature: etree._Element) -> None:
        find(signature, "ds:Object/xades:QualifyingProperties").set("Target", "#other")

    assert verdict(edited(package, retarget), pki) == (PackageSignature.INVALID, SubIndication.FORMAT_FAILURE)


@pytest.mark.parametrize("hidden", [b"<!-- -->", b"<?x y?>"])
def test_comment_that_hides_a_part_of_signed_info(package: bytes, hidden: bytes) -> None:
    signature = between(package, START, END).replace(b"<ds:SignedInfo>", b"<ds:SignedInfo>" + hidden)

    with pytest.raises(SignatureMalformed):
        parse_signature(parse_xml(signature))


@pytest.mark.parametrize("hidden", [b"<!-- -->", b"<?x y?>"])
def test_comment_that_hides_a_part_of_the_properties(pki: PKI, package: bytes, hidden: bytes) -> None:
    signature = between(package, START, END).replace(b"<xades:SigningTime>", b"<xades:SigningTime>" + hidden)

    report = check_signature(
        parse_xml(signature),
        SignedData(targets={}, essential=()),
        kind=SignatureKind.XADES,
        where="package",
        trust=pki.trust(),
        at=NOW,
    )

    assert report.sub_indication is SubIndication.FORMAT_FAILURE


def test_document_type_in_a_signature(package: bytes) -> None:
    signature = b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + between(package, START, END)

    with pytest.raises(SignatureMalformed):
        parse_xml(signature)


@pytest.mark.parametrize("element", [b"<ds:Signature ", b"<ds:SignedInfo", b"<xades:SignedProperties "])
def test_namespace_that_has_no_canonical_form(pki: PKI, package: bytes, element: bytes) -> None:
    changed = package.replace(element, element.rstrip() + b' xmlns:x="relative" ', 1)

    assert verdict(changed, pki) == (PackageSignature.INVALID, SubIndication.FORMAT_FAILURE)


def test_second_signed_info(pki: PKI, package: bytes) -> None:
    changed = package.replace(b"<ds:SignatureValue>", b"<ds:SignedInfo/><ds:SignatureValue>")

    assert verdict(changed, pki)[1] is SubIndication.FORMAT_FAILURE


def test_digest_of_one_part_claimed_for_another(pki: PKI, package: bytes, agency: Credential) -> None:
    def claim(signature: etree._Element) -> None:
        find(signature, "ds:SignedInfo/ds:Reference/ds:DigestValue").text = b64encode(sha256(b"").digest()).decode()

    assert verdict(resigned(package, claim, agency), pki)[1] is SubIndication.HASH_FAILURE


def test_signature_of_another_package(pki: PKI, package: bytes, agency: Credential) -> None:
    other = sign(unsigned_package((b"%PDF-1.7 other",)), agency)
    spliced = package.replace(between(package, START, END), between(other, START, END))

    assert verdict(spliced, pki)[0] is PackageSignature.INVALID


def test_signature_over_nothing(pki: PKI, package: bytes, agency: Credential) -> None:
    def empty(signature: etree._Element) -> None:
        info = find(signature, "ds:SignedInfo")
        for reference in info.findall("ds:Reference", NAMESPACES):
            info.remove(reference)

    assert verdict(resigned(package, empty, agency), pki) == (PackageSignature.INVALID, SubIndication.FORMAT_FAILURE)
