"""Checking the signatures of a PDF, in numbered steps. Source: ETSI EN 319 102-1, ETSI EN 319 142-1.

pyHanko reads the file, digests the byte ranges and judges what was added after signing; whom to trust is decided where
it is for every other signature. A report comes out, never an error: what is in a PDF is for its sender to choose.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.findings import CheckEnded, Findings, Rule
from lienthong.shared.signatures.report import SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signer_checks import check_revocation, check_signer
from lienthong.shared.signatures.trust import TrustStore

MAX_PDF_BYTES: Final = 64 * 1024 * 1024
"""A larger signed PDF is reported INDETERMINATE: judging it would hold up the node."""
MAX_SIGNATURES: Final = 16
"""Signatures in one PDF; two are usual, the person's and the agency's."""
MAX_REVISIONS: Final = 64
"""Incremental updates of one PDF."""

_MARK: Final = b"/ByteRange"
_SCAN_BYTES: Final = 64 * 1024
_SUBFILTERS: Final = {SigSeedSubFilter.PADES.value, SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value}
_DIGESTS: Final = {"sha256", "sha384", "sha512"}
_SIGNATURES: Final = {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"}


def validate_pdf(pdf: BinaryIO, *, where: str, trust: TrustStore, at: datetime) -> tuple[SignatureReport, ...]:
    """One report for each signature; none for a PDF that has none, which costs one look through its bytes.

    Each signature is checked so:

    1. It has a form that can be checked, and its algorithms are on the list.
    2. Its byte range covers the whole of one revision, and the digest is right.
    3. The value is that of the certificate that it names.
    4. What was added after it changes nothing that it signed, and no more than it allows.
    5. The certificate leads to a pinned root and was good at ``at``; the claimed time fits.
    6. Revocation is known.

    Args:
        pdf: The file, seekable; read, not closed.
        where: For the report, such as ``attachment 1``.
        trust: Roots, intermediates, CRLs.
        at: The moment for which the existence of the PDF is proven: when the node received it.
    """
    pdf.seek(0)
    if not carries_signature(iter(partial(pdf.read, _SCAN_BYTES), b"")):
        return ()
    try:
        return tuple(_reports(pdf, where=where, trust=trust, at=at))
    except Exception:  # noqa: BLE001 — a damaged PDF can make a parser raise anything; none of it may stop the node
        return (_unreadable(where, "The PDF is damaged, so its signatures cannot be read."),)


def carries_signature(pieces: Iterable[bytes]) -> bool:
    """Whether a PDF in ``pieces`` may carry a signature: one look through its bytes, parsing nothing."""
    tail = b""
    for piece in pieces:
        if _MARK in tail + piece:
            return True
        tail = (tail + piece)[-len(_MARK) :]
    return False


def too_large(where: str) -> SignatureReport:
    """The report on a signed PDF that was not looked at for its size."""
    return _unreadable(where, f"The PDF is larger than {MAX_PDF_BYTES} bytes; its signatures were not looked at.")


def _reports(pdf: BinaryIO, *, where: str, trust: TrustStore, at: datetime) -> Iterator[SignatureReport]:
    if pdf.seek(0, os.SEEK_END) > MAX_PDF_BYTES:
        yield too_large(where)
        return
    reader = PdfFileReader(pdf)
    fields = [(name, field) for name, value, field in enumerate_sig_fields(reader, filled_status=True)]
    if not fields:
        yield _unreadable(where, "A signature stands in the file, but no field of the PDF leads to it.")
    elif len(fields) > MAX_SIGNATURES or reader.xrefs.total_revisions > MAX_REVISIONS:
        yield _unreadable(where, "The PDF has too many signatures or revisions; none was looked at.")
    else:
        for name, field in fields:
            report = _report(reader, name, field, where=where, trust=trust, at=at)
            if report is not None:
                yield report


def _unreadable(where: str, detail: str) -> SignatureReport:
    return Findings(kind=SignatureKind.PADES, where=where).ended(Rule.FORMAT, detail, SubIndication.GENERIC)


def _report(
    reader: PdfFileReader, name: str, field: IndirectObject, *, where: str, trust: TrustStore, at: datetime
) -> SignatureReport | None:
    """The report on one field; None for a document time stamp, which is nobody's signature."""
    findings = Findings(kind=SignatureKind.PADES, where=where)
    try:
        if field.get_object()["/V"].get("/Type") == "/DocTimeStamp":  # type: ignore[no-untyped-call]
            return None
        signature = EmbeddedPdfSignature(reader, field, name)  # type: ignore[arg-type]
        _check_form(signature, findings)  # 1
        _check_integrity(signature, findings)  # 2, 3, 4
        others = [_certificate(one) for one in signature.other_embedded_certs]
        trusted = check_signer(_certificate(signature.signer_cert), others, findings, trust=trust, at=at)  # 5
        check_revocation(trusted, findings)  # 6
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    except SignatureValidationError as error:
        named = SubIndication.__members__.get(getattr(error.ades_subindication, "name", ""), SubIndication.GENERIC)
        return findings.ended(Rule.FORMAT, "The signature breaks a rule of CMS or cannot be judged.", named)
    except Exception:  # noqa: BLE001 — as in validate_pdf
        return findings.ended(Rule.FORMAT, "The signature is damaged.", SubIndication.FORMAT_FAILURE)
    return findings.report(None)


def _check_form(signature: EmbeddedPdfSignature, findings: Findings) -> None:
    subfilter = str(signature.sig_object.get("/SubFilter"))
    if subfilter not in _SUBFILTERS or signature.signed_data["encap_content_info"]["content_type"].native != "data":
        findings.failed(Rule.FORMAT, f"Signatures of the form {subfilter} cannot be checked.", SubIndication.GENERIC)
    findings.passed(Rule.FORMAT)
    claimed = signature.self_reported_timestamp
    findings.signing_time = claimed if claimed is not None and claimed.tzinfo is not None else None
    algorithm = signature.signer_info["signature_algorithm"].signature_algo
    if signature.md_algorithm not in _DIGESTS or algorithm not in _SIGNATURES:
        detail = f"An algorithm is not allowed: {algorithm} with {signature.md_algorithm}."
        findings.failed(Rule.ALGORITHMS, detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    findings.passed(Rule.ALGORITHMS)


def _check_integrity(signature: EmbeddedPdfSignature, findings: Findings) -> None:
    findings.signer = _certificate(signature.signer_cert)
    findings.passed(Rule.SIGNING_CERTIFICATE)
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]
    digest = signature.compute_digest()
    intact, valid = validate_sig_integrity(signature.signer_info, signature.signer_cert, "data", digest)
    if not intact:
        findings.failed(Rule.REFERENCES, "The PDF was changed after it was signed.", SubIndication.HASH_FAILURE)
    findings.passed(Rule.REFERENCES)
    if not valid:
        findings.failed(Rule.VALUE, "The value is not this certificate's signature.", SubIndication.SIG_CRYPTO_FAILURE)
    findings.passed(Rule.VALUE)
    _check_coverage(signature, findings)


def _check_coverage(signature: EmbeddedPdfSignature, findings: Findings) -> None:
    revision, revisions = signature.signed_revision + 1, signature.reader.xrefs.total_revisions
    coverage: SignatureCoverageLevel = signature.evaluate_signature_coverage()
    if coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        findings.not_covered.append(f"revision {revision} of {revisions}")
        detail = "It leaves out a part of the revision that it signs."
        findings.failed(Rule.COVERAGE, detail, SubIndication.FORMAT_FAILURE)
    findings.covered.append(f"revisions 1 to {revision} of {revisions}")
    findings.passed(Rule.COVERAGE)
    if not signature.summarise_integrity_info()["docmdp_ok"]:
        findings.not_covered.append(f"revisions {revision + 1} to {revisions}")
        detail = "What was added after it changes what it signed, or more than it allows."
        findings.failed(Rule.CHANGES, detail, SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.CHANGES)


def _certificate(certificate: asn1_x509.Certificate) -> x509.Certificate:
    return certificate_from_der(certificate.dump())
