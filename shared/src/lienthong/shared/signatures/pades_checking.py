"""Checking the signatures of a PDF, in numbered steps. Source: ETSI EN 319 102-1, ETSI EN 319 142-1.

pyHanko reads the file, digests the byte ranges and judges what was added after signing; whom to trust is decided where
it is for every other signature. A report comes out, never an error: what is in a PDF is for its sender to choose.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from lienthong.shared.signatures.findings import CheckEnded, Findings, Rule
from lienthong.shared.signatures.pades_changes import SIGNATURES_ONLY, shows_unsigned_field
from lienthong.shared.signatures.pades_reading import (
    MAX_FIELDS,
    MAX_PDF_BYTES,
    MAX_REVISIONS,
    MAX_SIGNATURES,
    BoundedReader,
    Budget,
    BudgetExceeded,
    PDFEncrypted,
    carries_signature,
    marks_in,
)
from lienthong.shared.signatures.pades_structure import StructureRefused, signed_span
from lienthong.shared.signatures.report import SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signer_checks import check_revocation, check_signer
from lienthong.shared.signatures.trust import TrustStore

__all__ = ["MAX_PDF_BYTES", "carries_signature", "too_large", "validate_pdf"]

_SCAN_BYTES: Final = 64 * 1024
_SUBFILTERS: Final = {SigSeedSubFilter.PADES.value, SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value}
_DIGESTS: Final = {"sha256", "sha384", "sha512"}
_SIGNATURES: Final = {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    content: bytes
    reader: BoundedReader
    fields: list[tuple[str, Any, Any]] = field(default_factory=list)
    where: str
    trust: TrustStore
    at: datetime


def validate_pdf(
    pdf: BinaryIO, *, where: str, trust: TrustStore, at: datetime, budget: Budget | None = None
) -> tuple[SignatureReport, ...]:
    """One report for each signature; none for a PDF that has none, which costs one look through its bytes.

    Each signature is checked so:

    1. It has a form that can be checked, and its algorithms are on the list.
    2. Its byte range leaves out nothing but itself, up to the end of one revision (:mod:`pades_structure`).
    3. The digest is right, and the value is that of the certificate that it names.
    4. What was added after it is signatures, time stamps and material to check them, and no more than it allows.
    5. The certificate leads to a pinned root and was good at ``at``; the claimed time fits.
    6. Revocation is known.

    Args:
        pdf: The file, seekable; read, not closed.
        where: For the report, such as ``attachment 1``.
        trust: Roots, intermediates, CRLs.
        at: The moment for which the existence of the PDF is proven: when the node received it.
        budget: What it may cost; None: :data:`pades_reading.MAX_TIME` from now, and the limits beside it.
    """
    pdf.seek(0)
    marks = marks_in(iter(partial(pdf.read, _SCAN_BYTES), b""))
    if not marks.signatures:
        return ()
    if pdf.seek(0, os.SEEK_END) > MAX_PDF_BYTES:
        return (too_large(where),)
    if marks.signatures > 4 * MAX_SIGNATURES or marks.revisions > 4 * MAX_REVISIONS:
        return (_too_many(where),)
    pdf.seek(0)
    return _judged(pdf.read(), budget or Budget.starting_now(), where=where, trust=trust, at=at)


def _judged(
    content: bytes, budget: Budget, *, where: str, trust: TrustStore, at: datetime
) -> tuple[SignatureReport, ...]:
    try:
        return tuple(_reports(content, budget, where=where, trust=trust, at=at))
    except BudgetExceeded as error:
        return (_not_judged(where, f"The PDF costs too much to judge: {error}."),)
    except PDFEncrypted:
        return (_not_judged(where, "The PDF is encrypted, so that its signatures cannot be judged."),)
    except Exception:  # noqa: BLE001 — a damaged PDF can make a parser raise anything; none of it may stop the node
        detail = "The PDF is damaged, so that its signatures cannot be read."
        return (_findings(where).ended(Rule.FORMAT, detail, SubIndication.FORMAT_FAILURE),)


def too_large(where: str) -> SignatureReport:
    """The report on a signed PDF that was not looked at for its size."""
    return _not_judged(where, f"The PDF is larger than {MAX_PDF_BYTES} bytes; its signatures were not looked at.")


def _too_many(where: str) -> SignatureReport:
    return _not_judged(where, "The PDF has too many signatures or revisions; none was looked at.")


def _not_judged(where: str, detail: str) -> SignatureReport:
    return _findings(where).ended(Rule.FORMAT, detail, SubIndication.GENERIC)


def _findings(where: str) -> Findings:
    return Findings(kind=SignatureKind.PADES, where=where)


def _reports(
    content: bytes, budget: Budget, *, where: str, trust: TrustStore, at: datetime
) -> Iterator[SignatureReport]:
    reader = BoundedReader(content, budget)
    fields = list(islice(enumerate_sig_fields(reader), MAX_FIELDS + 1))
    signed = [(name, held) for name, value, held in fields if value is not None]
    if not signed:
        yield _not_judged(where, "A signature stands in the file, but no field of the PDF leads to it.")
    elif len(signed) > MAX_SIGNATURES or len(fields) > MAX_FIELDS or reader.xrefs.total_revisions > MAX_REVISIONS:
        yield _too_many(where)
    else:
        file = _File(content=content, reader=reader, fields=fields, where=where, trust=trust, at=at)
        for name, held in signed:
            report = _report(file, name, held)
            if report is not None:
                yield report


def _report(file: _File, name: str, held: Any) -> SignatureReport | None:  # noqa: ANN401 — pyHanko's reference
    """The report on one field; None for a document time stamp, which is nobody's signature."""
    findings = _findings(file.where)
    try:
        dictionary = held.get_object()["/V"]
        if dictionary.get("/Type") == "/DocTimeStamp":
            return None
        _check_span(file.content, dictionary, findings)  # 2
        signature = EmbeddedPdfSignature(file.reader, held, name)
        _check_form(signature, findings)  # 1
        _check_integrity(signature, findings)  # 3
        _check_coverage(file, signature, findings)  # 2, 4
        others = [_certificate(one) for one in signature.other_embedded_certs]
        trusted = check_signer(_certificate(signature.signer_cert), others, findings, trust=file.trust, at=file.at)  # 5
        check_revocation(trusted, findings)  # 6
    except BudgetExceeded:
        raise
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    except SignatureValidationError as error:
        named = SubIndication.__members__.get(getattr(error.ades_subindication, "name", ""), SubIndication.GENERIC)
        return findings.ended(Rule.FORMAT, "The signature breaks a rule of CMS or cannot be judged.", named)
    except Exception:  # noqa: BLE001 — as in validate_pdf
        return findings.ended(Rule.FORMAT, "The signature is damaged.", SubIndication.FORMAT_FAILURE)
    return findings.report(None)


def _check_span(content: bytes, dictionary: Any, findings: Findings) -> None:  # noqa: ANN401
    try:
        signed_span(content, dictionary)
    except StructureRefused as error:
        findings.failed(Rule.COVERAGE, str(error), SubIndication.FORMAT_FAILURE)


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
    digest = signature.compute_digest()
    intact, valid = validate_sig_integrity(signature.signer_info, signature.signer_cert, "data", digest)
    if not intact:
        findings.failed(Rule.REFERENCES, "The PDF was changed after it was signed.", SubIndication.HASH_FAILURE)
    findings.passed(Rule.REFERENCES)
    if not valid:
        findings.failed(Rule.VALUE, "The value is not this certificate's signature.", SubIndication.SIG_CRYPTO_FAILURE)
    findings.passed(Rule.VALUE)


def _check_coverage(file: _File, signature: EmbeddedPdfSignature, findings: Findings) -> None:
    signature.compute_integrity_info(SIGNATURES_ONLY)
    integrity: dict[str, Any] = signature.summarise_integrity_info()
    revision, revisions = signature.signed_revision + 1, file.reader.xrefs.total_revisions
    if integrity["coverage"] is None or integrity["coverage"] < SignatureCoverageLevel.ENTIRE_REVISION:
        findings.not_covered.append(f"revision {revision} of {revisions}")
        detail = "It leaves out a part of the revision that it signs."
        findings.failed(Rule.COVERAGE, detail, SubIndication.FORMAT_FAILURE)
    findings.covered.append(f"revisions 1 to {revision} of {revisions}")
    findings.passed(Rule.COVERAGE)
    pictured = shows_unsigned_field(file.reader, file.fields, signature.signed_revision)
    if pictured or not integrity["docmdp_ok"]:
        findings.not_covered.append(f"revisions {revision + 1} to {revisions}")
        detail = "What was added after it changes what it signed, or more than it allows."
        findings.failed(Rule.CHANGES, detail, SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.CHANGES)


def _certificate(certificate: asn1_x509.Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.dump())
