"""Signatures inside PDFs: adding one, and judging those that are there."""

from lienthong.shared.signatures.pades_appearances import AgencySeal, Appearance, Box, OfficerSignature
from lienthong.shared.signatures.pades_checking import validate_pdf
from lienthong.shared.signatures.pades_drawing import SignatureImageInvalid
from lienthong.shared.signatures.pades_lasting import Lasting, Level
from lienthong.shared.signatures.pades_reading import MAX_PDF_BYTES, MAX_REVISIONS, MAX_SIGNATURES
from lienthong.shared.signatures.pades_signing import PDFNotSignable, sign_pdf

__all__ = [
    "MAX_PDF_BYTES",
    "MAX_REVISIONS",
    "MAX_SIGNATURES",
    "AgencySeal",
    "Appearance",
    "Box",
    "Lasting",
    "Level",
    "OfficerSignature",
    "PDFNotSignable",
    "SignatureImageInvalid",
    "sign_pdf",
    "validate_pdf",
]
