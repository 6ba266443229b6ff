"""Checking a CAdES signature, detached or enveloping, in numbered steps. Bytes, trust and a time in; a report out.

Source: ETSI EN 319 102-1 clause 5.3, ETSI EN 319 122-1 clause 6.3.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from lienthong.shared.signatures.existence import ShownStamp, establish_time
from lienthong.shared.signatures.findings import CheckEnded, Findings, Rule
from lienthong.shared.signatures.report import Proof, SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signed_data import SignedContent, SignedDataRefused, read_signed_data
from lienthong.shared.signatures.signer_checks import check_revocation, check_signer
from lienthong.shared.signatures.trust import TrustStore

MAX_CADES_BYTES: Final = 64 * 1024 * 1024
"""One CMS signature with what it encloses; it is read into memory."""

ContentDigest = Callable[[str], bytes | None]
"""Gives the digest of the detached content by ``sha256``, ``sha384`` or ``sha512``; None: it is not known."""


def digest_of_file(path: Path) -> ContentDigest:
    """The digests of a file, which is read when one is asked for."""

    def digest(algorithm: str) -> bytes:
        with path.open("rb") as content:
            return hashlib.file_digest(content, algorithm).digest()

    return digest


def known_digest(value: bytes) -> ContentDigest:
    """The only digest that is known of a content: of which kind, its length says."""

    def digest(algorithm: str) -> bytes | None:
        return value if hashlib.new(algorithm).digest_size == len(value) else None

    return digest


def validate_cades(
    der: bytes, content: ContentDigest | None, *, where: str, trust: TrustStore, at: datetime
) -> SignatureReport:
    """Check one CMS signature.

    1. It is one SignedData with one signer, strong algorithms that fit each other, and signed attributes that name its
       certificate (:func:`signed_data.read_signed_data`).
    2. The signed digest is that of the content: of the enclosed one, or of ``content``, or of both.
    3. The value is the certificate's signature over the attributes.
    4. Its time stamps over the value, and the receipt, say since when it exists (:mod:`existence`).
    5. The certificate leads to a pinned root and was good at that time; the claimed signing time fits.
    6. Revocation is known.

    Args:
        der: The CMS ContentInfo; at most :data:`MAX_CADES_BYTES`.
        content: What is signed, where it is not enclosed.
        where: For the report.
        trust: Roots, intermediates, CRLs.
        at: The moment for which the signature's existence is proven: when it was received.
    """
    findings = Findings(kind=SignatureKind.CADES, where=where)
    try:
        signed = _read(der, findings)  # 1
        _check_content(signed, content, findings)  # 2
        if not signed.is_signed_by_signer:  # 3
            detail = "The value is not this certificate's signature over the signed attributes."
            findings.failed(Rule.VALUE, detail, SubIndication.SIG_CRYPTO_FAILURE)
        findings.passed(Rule.VALUE)
        proven = _check_time_stamps(signed, findings, trust=trust, at=at)  # 4
        trusted = check_signer(signed.signer, signed.others, findings, trust=trust, at=proven)  # 5
        check_revocation(trusted, findings)  # 6
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    return findings.report(None)


def _read(der: bytes, findings: Findings) -> SignedContent:
    try:
        signed = read_signed_data(der, content_type="data", limit_bytes=MAX_CADES_BYTES)
    except SignedDataRefused as error:
        findings.failed(_RULES.get(error.sub_indication, Rule.FORMAT), error.detail, error.sub_indication)
    findings.level, findings.signer, findings.signing_time = "CAdES-B-B", signed.signer, signed.signing_time
    findings.passed(Rule.FORMAT)
    findings.passed(Rule.ALGORITHMS)
    findings.passed(Rule.SIGNING_CERTIFICATE)
    return signed


_RULES: Final = {
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: Rule.ALGORITHMS,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: Rule.SIGNING_CERTIFICATE,
}
"""The rule that a refusal of the reader speaks of."""


def _check_content(signed: SignedContent, content: ContentDigest | None, findings: Findings) -> None:
    digest = content(signed.digest_algorithm) if content else None
    found = [] if digest is None else [digest]
    if signed.content is not None:
        found.append(hashlib.new(signed.digest_algorithm, signed.content).digest())
    if not found:
        detail = "The content is neither enclosed nor at hand."
        findings.failed(Rule.REFERENCES, detail, SubIndication.SIGNED_DATA_NOT_FOUND)
    if any(one != signed.message_digest for one in found):
        detail = "The content is another than was signed, or was changed since."
        findings.failed(Rule.REFERENCES, detail, SubIndication.HASH_FAILURE)
    findings.covered.append("content" if signed.content is None else "enclosed content")
    findings.passed(Rule.REFERENCES)


def _check_time_stamps(signed: SignedContent, findings: Findings, *, trust: TrustStore, at: datetime) -> datetime:
    shown = [ShownStamp(token=token, stamped=signed.value) for token in signed.time_stamps]
    proven = establish_time(shown, findings, trust=trust, at=at)
    if findings.proof is Proof.TIME_STAMP:
        findings.level = "CAdES-B-T"
    return proven
