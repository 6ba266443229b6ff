"""Checking an XML signature over parts whose digests are known, in numbered steps.

Pure: the signature's XML, what the package really holds, trust and a time in; a report out, never an error.
Source: ETSI EN 319 102-1 clause 5.3, ETSI EN 319 132-1 clause 6.3.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from lienthong.shared.signatures.existence import MAX_TIME_STAMPS, ShownStamp, establish_time
from lienthong.shared.signatures.findings import CheckEnded, Findings, Rule
from lienthong.shared.signatures.report import Proof, SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signer_checks import check_revocation, check_sender, check_signer
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.xades_references import SignedData, check_references
from lienthong.shared.signatures.xmldsig import (
    EXCLUSIVE,
    INCLUSIVE,
    NAMESPACES,
    SHA256_DIGEST,
    SIGNATURE_METHODS,
    ParsedSignature,
    SignatureMalformed,
    canonical,
    decoded,
    is_signed_by,
    one,
    parse_signature,
    text,
)

_PROPERTIES = "ds:Object/xades:QualifyingProperties/xades:SignedProperties"
_TIME_STAMP = (
    "ds:Object/xades:QualifyingProperties/xades:UnsignedProperties/xades:UnsignedSignatureProperties"
    "/xades:SignatureTimeStamp"
)
_CERTIFICATE = "xades:SignedSignatureProperties/xades:SigningCertificate{}/xades:Cert/xades:CertDigest"


def check_signature(
    element: etree._Element,
    data: SignedData,
    *,
    kind: SignatureKind,
    where: str,
    trust: TrustStore,
    at: datetime,
) -> SignatureReport:
    """Check one ``ds:Signature``.

    1. It has the form of a signature.
    2. Its algorithms are on the list: no SHA-1, no HMAC, nothing with parameters.
    3. Each reference is same-document or names a file of the container, resolves to exactly what is read, has no
       transform but canonicalisation, and its digest is that of what is read. SignedProperties are the signature's own.
       Nothing that a reader uses is left uncovered.
    4. The signing certificate is the one that SigningCertificate(V2) names; without it, the leaf of X509Data.
    5. The value is that certificate's signature over SignedInfo.
    6. Its time stamps over SignatureValue, and the receipt, say since when it exists (:mod:`existence`).
    7. The certificate leads to a pinned root and was good at that time; the claimed signing time is within its validity
       and not later.
    8. The signer's agency is the sender.
    9. Revocation is known.

    Args:
        element: ``ds:Signature`` in its document, so that canonical forms come out right.
        data: What the package holds, and from whom it claims to be.
        kind: For the report.
        where: For the report.
        trust: Roots, intermediates, CRLs.
        at: The moment for which the existence of the signature is proven: when the node received it.
    """
    findings = Findings(kind=kind, where=where)
    try:
        signature, properties = _read(element, findings)  # 1
        _check_algorithms(signature, findings)  # 2
        check_references(signature, properties, data, findings)  # 3
        signer = findings.signer = _signing_certificate(signature, properties, findings)  # 4
        _check_value(signature, signer, findings)  # 5
        others = [one for one in signature.certificates if one != signer]
        proven = _check_time_stamps(signature, findings, trust=trust, at=at)  # 6
        trusted = check_signer(signer, others, findings, trust=trust, at=proven)  # 7
        check_sender(trusted, data.sender, findings)  # 8
        check_revocation(trusted, findings)  # 9
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    except SignatureMalformed as error:  # of a canonical form, in 3 or 5
        return findings.ended(Rule.FORMAT, str(error), SubIndication.FORMAT_FAILURE)
    return findings.report(None)


def _read(element: etree._Element, findings: Findings) -> tuple[ParsedSignature, etree._Element | None]:
    try:
        signature = parse_signature(element)
        properties = _own_properties(signature)
        findings.signing_time = _signing_time(properties)
        findings.level = "XMLDSig" if properties is None else "XAdES-B-B"
    except SignatureMalformed as error:
        findings.failed(Rule.FORMAT, str(error), SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.FORMAT)
    return signature, properties


def _own_properties(signature: ParsedSignature) -> etree._Element | None:
    """The signature's SignedProperties, or None for a plain XML signature."""
    if not signature.element.findall(_PROPERTIES, NAMESPACES):
        return None
    properties = one(signature.element, _PROPERTIES)
    qualifying = properties.getparent()
    if qualifying is None or qualifying.get("Target") != f"#{signature.id}":
        raise SignatureMalformed("QualifyingProperties are about another signature.")
    if any(not isinstance(node.tag, str) for node in properties.iter()):
        raise SignatureMalformed("SignedProperties hold comments or instructions, which are not signed.")
    return properties


def _signing_time(properties: etree._Element | None) -> datetime | None:
    path = "xades:SignedSignatureProperties/xades:SigningTime"
    if properties is None or not properties.findall(path, NAMESPACES):
        return None
    try:
        moment = datetime.fromisoformat(text(one(properties, path)))
    except ValueError as error:
        raise SignatureMalformed("The signing time is not one date and time.") from error
    if moment.tzinfo is None:
        raise SignatureMalformed("The signing time has no time zone.")
    return moment


def _check_algorithms(signature: ParsedSignature, findings: Findings) -> None:
    digests = {reference.digest_method for reference in signature.references}
    known = signature.method in SIGNATURE_METHODS and signature.canonicalization in {EXCLUSIVE, INCLUSIVE}
    if not known or digests != {SHA256_DIGEST}:
        named = ", ".join(sorted({signature.method, signature.canonicalization, *digests}))
        detail = f"An algorithm is not allowed among: {named}"
        findings.failed(Rule.ALGORITHMS, detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    findings.passed(Rule.ALGORITHMS)


def _signing_certificate(
    signature: ParsedSignature, properties: etree._Element | None, findings: Findings
) -> x509.Certificate:
    digest = _named_digest(properties, findings)
    if digest is None:
        issuers = {one.issuer for one in signature.certificates if one.issuer != one.subject}
        found = [one for one in signature.certificates if one.subject not in issuers]
    else:
        found = [one for one in signature.certificates if _sha256(one) == digest]
    if not found:
        detail = "The signature holds no certificate, or not the one that its properties name."
        findings.failed(Rule.SIGNING_CERTIFICATE, detail, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
    findings.passed(Rule.SIGNING_CERTIFICATE)
    return found[0]


def _named_digest(properties: etree._Element | None, findings: Findings) -> bytes | None:
    """The digest of the signing certificate that the properties name first, in the old or the new element."""
    if properties is None:
        return None
    named = properties.findall(_CERTIFICATE.format("V2"), NAMESPACES)
    named = named or properties.findall(_CERTIFICATE.format(""), NAMESPACES)
    if not named:
        return None
    try:
        method = one(named[0], "ds:DigestMethod").get("Algorithm")
        digest = decoded(one(named[0], "ds:DigestValue"))
    except SignatureMalformed as error:
        findings.failed(Rule.SIGNING_CERTIFICATE, str(error), SubIndication.FORMAT_FAILURE)
    if method != SHA256_DIGEST:
        detail = "The signing certificate is named by another digest than SHA-256."
        findings.failed(Rule.SIGNING_CERTIFICATE, detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    return digest


def _check_value(signature: ParsedSignature, signer: x509.Certificate, findings: Findings) -> None:
    signed = canonical(signature.signed_info, method=signature.canonicalization)
    if not is_signed_by(signer, signature.method, value=signature.value, data=signed):
        detail = "The value is not this certificate's signature over SignedInfo."
        findings.failed(Rule.VALUE, detail, SubIndication.SIG_CRYPTO_FAILURE)
    findings.passed(Rule.VALUE)


def _check_time_stamps(signature: ParsedSignature, findings: Findings, *, trust: TrustStore, at: datetime) -> datetime:
    """The best signature time. Source: ETSI EN 319 132-1 clause 5.3."""
    shown = list(islice(_shown_stamps(signature, findings), MAX_TIME_STAMPS))
    proven = establish_time(shown, findings, trust=trust, at=at)
    if findings.proof is Proof.TIME_STAMP:
        findings.level = "XAdES-B-T"
    return proven


def _shown_stamps(signature: ParsedSignature, findings: Findings) -> Iterator[ShownStamp]:
    value = one(signature.element, "ds:SignatureValue")
    for element in signature.element.findall(_TIME_STAMP, NAMESPACES)[:MAX_TIME_STAMPS]:
        named = element.find("ds:CanonicalizationMethod", NAMESPACES)
        method = INCLUSIVE if named is None else named.get("Algorithm")
        if method not in {EXCLUSIVE, INCLUSIVE}:
            findings.disregarded(Rule.TIME_STAMP, f"It is over another canonical form: {method}.")
            continue
        for token in element.findall("xades:EncapsulatedTimeStamp", NAMESPACES):
            yield ShownStamp(token=_token(token), stamped=canonical(value, method=method))


def _token(element: etree._Element) -> bytes:
    """The bytes; none when they are not base64, which is no token either."""
    try:
        return decoded(element)
    except SignatureMalformed:
        return b""


def _sha256(certificate: x509.Certificate) -> bytes:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
