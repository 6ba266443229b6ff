"""Signatures inside PDFs: adding one, and judging those that are there."""

from lienthong.shared.signatures.pades_checking import validate_pdf
from lienthong.shared.signatures.pades_reading import MAX_PDF_BYTES, MAX_REVISIONS, MAX_SIGNATURES
from lienthong.shared.signatures.pades_signing import Appearance, PDFNotSignable, sign_pdf

__all__ = [
    "MAX_PDF_BYTES",
    "MAX_REVISIONS",
    "MAX_SIGNATURES",
    "Appearance",
    "PDFNotSignable",
    "sign_pdf",
    "validate_pdf",
]
