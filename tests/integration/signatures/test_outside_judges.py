"""What other tools say of our signatures, and what we say of theirs."""

import subprocess
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from lienthong.shared.signatures.pades import sign_pdf, validate_pdf
from lienthong.shared.signatures.report import Indication, PackageSignature, SubIndication, package_signature
from lienthong.shared.signatures.xades import sign_package, verify_package_signatures
from lienthong.shared.signatures.xmldsig import canonical
from tests.support.packages import find, local_key, read, sign, unsigned_package
from tests.support.pdf import minimal_pdf, with_detached_cms
from tests.support.pki import PKI, Credential, new_key
from tests.support.time_stamping import TimeStamper

NOW = datetime.now(UTC).replace(microsecond=0)
"""Outside judges look at the real clock."""
QCVN_IDS = [
    "--id-attr:Id",
    "http://www.mic.gov.vn/TBT/QCVN_102_2016:MessageHeader",
    "--id-attr:Id",
    "http://www.mic.gov.vn/TBT/QCVN_102_2016:Bussiness",
    "--id-attr:Id",
    "http://www.mic.gov.vn/TBT/QCVN_102_2016:edXMLManifest",
    "--id-attr:Id",
    "http://www.mic.gov.vn/TBT/QCVN_102_2016:Attachment",
]
XADES_IDS = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]


@pytest.fixture
def pki() -> PKI:
    return PKI.new(NOW)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_xmlsec1_accepts_our_package_signature(pki: PKI, tmp_path: Path, rsa_bits: int | None) -> None:
    unsigned, package, root = tmp_path / "unsigned.edxml", tmp_path / "signed.edxml", tmp_path / "root.pem"
    unsigned.write_bytes(unsigned_package())
    root.write_bytes(pki.roots_pem)
    sign_package(unsigned, package, local_key(pki.agency("H28", key=new_key(rsa_bits=rsa_bits))), at=NOW)
    judge: tuple[str | Path, ...] = ("xmlsec1", "--verify", "--trusted-pem", root, *QCVN_IDS, *XADES_IDS)

    accepted = run(*judge, package)
    package.write_bytes(package.read_bytes().replace("thử nghiệm".encode(), "thử thách".encode()))
    refused = run(*judge, package)

    assert accepted.returncode == 0, accepted.stderr
    assert "6/6" in accepted.stdout + accepted.stderr
    assert refused.returncode != 0


AXIS_TRACE = b"<edXML:TraceHeader><edXML:Timestamp>2026/03/02 08:00:07</edXML:Timestamp></edXML:TraceHeader>"
"""As the axis adds it: a time, and no name."""


@pytest.fixture
def stamped(pki: PKI) -> bytes:
    """A package signed B-T by an agency with an RSA key."""
    agency = pki.agency("H28", key=new_key(rsa_bits=2048))
    return sign(unsigned_package(), agency, at=NOW, stamp=TimeStamper.of(pki, at=NOW).stamp)


def test_xmlsec1_accepts_a_time_stamped_package_before_and_after_an_axis_relayed_it(
    pki: PKI, stamped: bytes, tmp_path: Path
) -> None:
    package, root = tmp_path / "signed.edxml", tmp_path / "root.pem"
    root.write_bytes(pki.roots_pem)
    relayed = stamped.replace(b"<edXML:Bussiness ", AXIS_TRACE + b"<edXML:Bussiness ")
    assert relayed != stamped
    changed = relayed.replace("Hòa Bình".encode(), "Hòa Binh".encode())

    verdicts = []
    for content in (stamped, relayed, changed):
        package.write_bytes(content)
        judged = run("xmlsec1", "--verify", "--trusted-pem", root, *QCVN_IDS, *XADES_IDS, package)
        (report,) = verify_package_signatures(read(content), trust=pki.trust(), at=NOW)
        verdicts.append((judged.returncode == 0, report.indication, report.level))

    accepted = (True, Indication.TOTAL_PASSED, "XAdES-B-T")
    assert verdicts == [accepted, accepted, (False, Indication.TOTAL_FAILED, "XAdES-B-B")]


def test_openssl_accepts_the_time_stamp_of_a_package_and_no_other_signature_value(
    pki: PKI, stamped: bytes, tmp_path: Path
) -> None:
    signature = etree.fromstring(stamped)
    token, value, root = tmp_path / "token.der", tmp_path / "value.xml", tmp_path / "root.pem"
    token.write_bytes(b64decode(find(signature, ".//xades:EncapsulatedTimeStamp").text or ""))
    value.write_bytes(canonical(find(signature, ".//ds:SignatureValue")))
    root.write_bytes(pki.roots_pem)
    judge = ("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", value, "-CAfile", root)

    accepted = run(*judge)
    value.write_bytes(value.read_bytes()[:-1])
    refused = run(*judge)

    assert accepted.returncode == 0, accepted.stderr
    assert refused.returncode != 0


TEMPLATE = """<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>\
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{references}</ds:SignedInfo>\
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"""
REFERENCE = """<ds:Reference URI="#{id}"><ds:Transforms>\
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>\
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>"""


def signed_by_xmlsec1(package: bytes, credential: Credential, folder: Path) -> bytes:
    key, chain = credential.write_pem(folder)
    ids = ("header", "business", "manifest", "attachment-1", "attachment-2")
    template = TEMPLATE.format(references="".join(REFERENCE.format(id=one) for one in ids))
    source, out = folder / "template.edxml", folder / "signed.edxml"
    source.write_bytes(package.replace(b"</edXML:edXMLHeader>", template.encode() + b"</edXML:edXMLHeader>"))
    made = run("xmlsec1", "--sign", "--privkey-pem", f"{key},{chain}", *QCVN_IDS, "--output", out, source)
    assert made.returncode == 0, made.stderr
    return out.read_bytes()


def test_we_accept_a_package_signed_by_xmlsec1(pki: PKI, tmp_path: Path) -> None:
    package = signed_by_xmlsec1(unsigned_package(), pki.agency("H28", key=new_key(rsa_bits=2048)), tmp_path)

    (report,) = verify_package_signatures(read(package), trust=pki.trust(), at=NOW)

    assert report.indication is Indication.TOTAL_PASSED
    assert package_signature((report,)) is PackageSignature.VALID


def test_we_refuse_what_was_changed_after_xmlsec1_signed_it(pki: PKI, tmp_path: Path) -> None:
    package = signed_by_xmlsec1(unsigned_package(), pki.agency("H28", key=new_key(rsa_bits=2048)), tmp_path)

    (report,) = verify_package_signatures(
        read(package.replace("thử nghiệm".encode(), "thử thách".encode())), trust=pki.trust(), at=NOW
    )

    assert report.sub_indication is SubIndication.HASH_FAILURE


def test_signature_still_verifies_after_a_relay_wrote_the_file_anew(pki: PKI) -> None:
    root = etree.fromstring(sign(unsigned_package(), pki.agency("H28"), at=NOW))
    rewritten = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=False)

    (report,) = verify_package_signatures(read(rewritten), trust=pki.trust(), at=NOW)

    assert report.indication is Indication.TOTAL_PASSED


def test_pdfsig_calls_both_our_signatures_valid(pki: PKI, tmp_path: Path) -> None:
    path, once, twice = tmp_path / "signed.pdf", BytesIO(), BytesIO()
    sign_pdf(BytesIO(minimal_pdf()), once, key=local_key(pki.officer("H28")), at=NOW)
    sign_pdf(once, twice, key=local_key(pki.agency("H28", key=new_key(rsa_bits=2048))), at=NOW)
    path.write_bytes(twice.getvalue())

    judged = run("pdfsig", "-nocert", path)

    assert judged.stdout.count("Signature is Valid.") == 2
    assert judged.stdout.count("ETSI.CAdES.detached") == 2


def signed_by_openssl(credential: Credential, folder: Path, *, digest: str = "sha256", gap: int = 0) -> bytes:
    key, chain = credential.write_pem(folder)

    def sign_detached(data: bytes) -> bytes:
        (folder / "data").write_bytes(data)
        out = folder / "signature.der"
        made = run(
            *("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", digest),
            *("-signer", chain, "-inkey", key, "-in", folder / "data", "-out", out),
        )
        assert made.returncode == 0, made.stderr
        return out.read_bytes()

    return with_detached_cms(sign_detached, gap=gap)


def test_we_accept_a_pdf_whose_cms_openssl_made(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_by_openssl(pki.agency("H28"), tmp_path)

    (report,) = validate_pdf(
        BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=datetime.now(UTC) + timedelta(minutes=1)
    )

    assert report.indication is Indication.TOTAL_PASSED
    assert report.agency == "H28"


def test_we_refuse_that_pdf_when_it_is_changed(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_by_openssl(pki.agency("H28"), tmp_path).replace(b"Cong van thu", b"Cong van gia")

    (report,) = validate_pdf(
        BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=datetime.now(UTC) + timedelta(minutes=1)
    )

    assert report.sub_indication is SubIndication.HASH_FAILURE


def test_we_refuse_a_right_signature_that_leaves_out_bytes(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_by_openssl(pki.agency("H28"), tmp_path, gap=5)

    (report,) = validate_pdf(
        BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=datetime.now(UTC) + timedelta(minutes=1)
    )

    assert report.indication is Indication.TOTAL_FAILED
    assert report.checks[-1].name == "coverage"


def test_sha1_in_a_pdf_is_indeterminate(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_by_openssl(pki.agency("H28"), tmp_path, digest="sha1")

    (report,) = validate_pdf(
        BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=datetime.now(UTC) + timedelta(minutes=1)
    )

    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def openssl_verify(pki: PKI, credential: Credential, folder: Path) -> subprocess.CompletedProcess[str]:
    trusted, lists, leaf = folder / "trusted.pem", folder / "lists.pem", folder / "leaf.pem"
    trusted.write_bytes(pki.roots_pem + pki.issuing.certificate.public_bytes(Encoding.PEM))
    lists.write_bytes(b"".join(crl.public_bytes(Encoding.PEM) for crl in pki.crls()))
    leaf.write_bytes(credential.certificate.public_bytes(Encoding.PEM))
    return run("openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", lists, "-CAfile", trusted, leaf)


@pytest.mark.parametrize("kind", ["node", "agency", "officer"])
def test_openssl_accepts_our_chain(pki: PKI, tmp_path: Path, kind: str) -> None:
    judged = openssl_verify(pki, getattr(pki, kind)("H28"), tmp_path)

    assert judged.returncode == 0, judged.stderr


def test_openssl_refuses_a_revoked_certificate(pki: PKI, tmp_path: Path) -> None:
    agency = pki.agency("H28")
    pki.issuing.revoke(agency.certificate, NOW - timedelta(hours=1))

    judged = openssl_verify(pki, agency, tmp_path)

    assert judged.returncode != 0
    assert "certificate revoked" in judged.stdout + judged.stderr
