"""Checking the signatures of a PDF, in numbered steps. Source: ETSI EN 319 102-1, ETSI EN 319 142-1.

pyHanko reads the file and judges what was added after signing; the CMS is read, and whom to trust is decided, where it
is for every other signature. A report comes out, never an error: what is in a PDF is for its sender to choose.
"""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields

from lienthong.shared.signatures import pades_hexadecimal
from lienthong.shared.signatures.existence import ShownStamp, establish_time
from lienthong.shared.signatures.findings import CheckEnded, Findings, Rule
from lienthong.shared.signatures.pades_coverage import check_coverage, revision_of
from lienthong.shared.signatures.pades_document_stamps import (
    DocumentStamp,
    check_document_stamp,
    is_document_stamp,
    lean_on,
)
from lienthong.shared.signatures.pades_material import Material, has_material, read_material
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
from lienthong.shared.signatures.pades_structure import SignedSpan, StructureRefused, container_of, signed_span
from lienthong.shared.signatures.report import Proof, SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signed_data import SignedContent, SignedDataRefused, read_signed_data
from lienthong.shared.signatures.signer_checks import check_revocation, check_signer
from lienthong.shared.signatures.trust import CheckedCertificate, TrustStore

__all__ = ["MAX_PDF_BYTES", "carries_signature", "too_large", "validate_pdf"]

_SCAN_BYTES: Final = 64 * 1024
_LEVELS: Final[dict[str, str]] = {
    SigSeedSubFilter.PADES.value: "PAdES-B-B",
    SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value: "CMS-B",
}
"""Forms that can be checked: baseline PAdES, and CMS as it was before. Source: ETSI EN 319 142-2 clause 5."""
_BROKEN: Final = {
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: Rule.ALGORITHMS,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: Rule.SIGNING_CERTIFICATE,
}
"""The rule that a refusal breaks; else the format's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """``trust`` has the file's own material in it, ``stamps`` are its document time stamps in the order of fields."""

    content: bytes
    reader: BoundedReader
    fields: list[tuple[str, Any, Any]]
    where: str
    trust: TrustStore
    material: Material
    stamps: tuple[DocumentStamp, ...]
    at: datetime


def validate_pdf(
    pdf: BinaryIO, *, where: str, trust: TrustStore, at: datetime, budget: Budget | None = None
) -> tuple[SignatureReport, ...]:
    """One report for each signature; none for a PDF that has none, which costs one look through its bytes.

    What the file brings along to be checked with helps, and is not trusted (:mod:`pades_material`). Each signature is
    checked so:

    1. Its byte range leaves out nothing but itself, up to the end of one revision (:mod:`pades_structure`).
    2. It is one CMS signature of a form that can be checked, its algorithms are on the list (:mod:`signed_data`).
    3. The digest is right, and the value is that of the certificate that it names.
    4. What was added after it is signatures, time stamps and material to check them, and no more than it allows
       (:mod:`pades_coverage`).
    5. Its time stamps, document time stamps after it, and the receipt, say since when it exists.
    6. The certificate leads to a pinned root and was good at that time; the claimed time fits.
    7. Revocation is known.

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
    pades_hexadecimal.install()
    reader = BoundedReader(content, budget)
    fields = list(islice(enumerate_sig_fields(reader), MAX_FIELDS + 1))
    signed = [(name, held) for name, value, held in fields if value is not None]
    if not signed:
        yield _not_judged(where, "A signature stands in the file, but no field of the PDF leads to it.")
    elif len(signed) > MAX_SIGNATURES or len(fields) > MAX_FIELDS or reader.xrefs.total_revisions > MAX_REVISIONS:
        yield _too_many(where)
    elif reader.xrefs.hybrid_xrefs_present:
        yield _not_judged(where, "The PDF has hybrid references: two readers may see two documents.")
    else:
        material = read_material(reader)
        helped = material.helping(trust)
        file = _File(
            content=content,
            reader=reader,
            fields=fields,
            where=where,
            trust=helped,
            material=material,
            stamps=tuple(_document_stamps(content, reader, signed, trust=helped, at=at)),
            at=at,
        )
        for name, held in signed:
            budget.check_time()
            report = _report(file, name, held)
            if report is not None:
                yield report


def _document_stamps(
    content: bytes, reader: BoundedReader, signed: list[tuple[str, Any]], *, trust: TrustStore, at: datetime
) -> Iterator[DocumentStamp]:
    for _, held in signed:
        field = held.get_object()
        if is_document_stamp(field["/V"]):
            yield check_document_stamp(content, field["/V"], revision=revision_of(reader, field), trust=trust, at=at)


def _report(file: _File, name: str, held: Any) -> SignatureReport | None:  # noqa: ANN401 — pyHanko's reference
    """The report on one field; None for a document time stamp, which is nobody's signature."""
    findings = _findings(file.where)
    try:
        field = held.get_object()
        dictionary = field["/V"]
        if is_document_stamp(dictionary):
            return None
        span = _check_span(file.content, dictionary, findings)  # 1
        signed = _check_form(dictionary, findings)  # 2
        _check_integrity(file, span, signed, findings)  # 3
        check_coverage(file.content, file.reader, file.fields, (name, held), span=span, findings=findings)  # 4
        trusted = _check_signer(file, span, signed, findings)  # 5, 6
        check_revocation(trusted, findings)  # 7
    except BudgetExceeded:
        raise
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    except Exception:  # noqa: BLE001 — as in validate_pdf
        return findings.ended(Rule.FORMAT, "The signature is damaged.", SubIndication.FORMAT_FAILURE)
    return findings.report(None)


def _check_span(content: bytes, dictionary: Any, findings: Findings) -> SignedSpan:  # noqa: ANN401
    try:
        return signed_span(content, dictionary)
    except StructureRefused as error:
        findings.failed(Rule.COVERAGE, str(error), SubIndication.FORMAT_FAILURE)


def _check_form(dictionary: Any, findings: Findings) -> SignedContent:  # noqa: ANN401
    subfilter = str(dictionary.get("/SubFilter"))
    if subfilter not in _LEVELS:
        findings.failed(Rule.FORMAT, f"Signatures of the form {subfilter} cannot be checked.", SubIndication.GENERIC)
    findings.level = _LEVELS[subfilter]
    try:
        signed = read_signed_data(
            container_of(dictionary), content_type="data", names_signer=subfilter == SigSeedSubFilter.PADES.value
        )
    except SignedDataRefused as error:
        findings.failed(_BROKEN.get(error.sub_indication, Rule.FORMAT), error.detail, error.sub_indication)
    if signed.content is not None:
        findings.failed(Rule.FORMAT, "The CMS holds content beside the PDF.", SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.FORMAT)
    findings.passed(Rule.ALGORITHMS)
    findings.signing_time = signed.signing_time or _written_time(dictionary)
    findings.signer = signed.signer
    findings.passed(Rule.SIGNING_CERTIFICATE)
    return signed


def _written_time(dictionary: Any) -> datetime | None:  # noqa: ANN401
    """The time of the dictionary's /M, where PAdES has it. Source: ETSI EN 319 142-1 clause 5.3."""
    try:
        claimed = parse_pdf_date(str(dictionary["/M"]))
    except (KeyError, ValueError, PdfReadError):
        return None
    return claimed if claimed.tzinfo is not None else None


def _check_integrity(file: _File, span: SignedSpan, signed: SignedContent, findings: Findings) -> None:
    if not hmac.compare_digest(span.digest(file.content, signed.digest_algorithm), signed.message_digest):
        findings.failed(Rule.REFERENCES, "The PDF was changed after it was signed.", SubIndication.HASH_FAILURE)
    findings.passed(Rule.REFERENCES)
    if not signed.is_signed_by_signer:
        findings.failed(Rule.VALUE, "The value is not this certificate's signature.", SubIndication.SIG_CRYPTO_FAILURE)
    findings.passed(Rule.VALUE)


def _check_signer(file: _File, span: SignedSpan, signed: SignedContent, findings: Findings) -> CheckedCertificate:
    shown = [ShownStamp(token=token, stamped=signed.value) for token in signed.time_stamps]
    proven = establish_time(shown, findings, trust=file.trust, at=file.at)  # 5
    proven = lean_on(file.stamps, findings, end=span.end) or proven
    trusted = check_signer(signed.signer, signed.others, findings, trust=file.trust, at=proven)  # 6
    if findings.proof is Proof.TIME_STAMP:
        findings.level = findings.level.removesuffix("-B") + _lasting(file, span, trusted, at=proven)
    return trusted


def _lasting(file: _File, span: SignedSpan, trusted: CheckedCertificate, *, at: datetime) -> str:
    """How long it lasts, beyond B-T. Source: ETSI EN 319 142-1 clause 6.3."""
    if not file.material.suffices(trusted.path, trust=file.trust, at=at):
        return "-T"
    archived = any(one.proves(span.end) and has_material(file.reader, one.revision) for one in file.stamps)
    return "-LTA" if archived else "-LT"
