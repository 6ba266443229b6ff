"""What a signature in a PDF covers: one whole revision, and nothing that was added later may change what it shows.

Source: ETSI EN 319 142-1 clause 5.4, ISO 32000-1 clause 12.8.
"""

import re
from typing import Any, Final

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.pades_changes import SIGNATURES_ONLY, shows_unsigned_field
from lienthong.shared.signatures.pades_reading import BoundedReader
from lienthong.shared.signatures.pades_structure import SignedSpan
from lienthong.shared.signatures.report import SubIndication

_TAIL_BYTES: Final = 1024
"""Of a revision, in which its ``startxref`` must stand."""
_END: Final = re.compile(rb"startxref[\0\t\n\f\r ]+(\d{1,10})[\0\t\n\f\r ]+%%EOF[\t\r\n ]*\Z")
"""How a revision ends. Source: ISO 32000-1 clause 7.5.5."""


def revision_of(reader: BoundedReader, field: Any) -> int:  # noqa: ANN401 — pyHanko's dictionary
    """The revision (from 0) that last wrote the signature of ``field``. Raises :class:`KeyError` where none did."""
    return int(reader.xrefs.get_last_change(field.raw_get("/V").reference))


def check_coverage(
    content: bytes,
    reader: BoundedReader,
    fields: list[tuple[str, Any, Any]],
    signature: tuple[str, Any],
    *,
    span: SignedSpan,
    findings: Findings,
) -> None:
    """Check that a signature covers its revision, and that what follows is signatures and material to check them.

    1. The span ends where the revision of the signature ends, and every earlier revision is inside it, with all that
       its references lead to.
    2. No field was made visible that nobody signed: a picture over the page.
    3. What was added is on the list (:data:`pades_changes.SIGNATURES_ONLY`), and what the signature itself allows.

    Args:
        content: The file.
        reader: It, read.
        fields: Name, value and reference of each signature field.
        signature: Name and reference of the field in question.
        span: What its byte range says.
        findings: What is covered is entered there.

    Raises:
        CheckEnded: A step does not hold.
    """
    name, held = signature
    revision, revisions = revision_of(reader, held.get_object()), reader.xrefs.total_revisions
    if not _is_whole(content, reader, revision, span):  # 1
        findings.not_covered.append(f"revision {revision + 1} of {revisions}")
        detail = "It leaves out a part of the revision that it signs."
        findings.failed(Rule.COVERAGE, detail, SubIndication.FORMAT_FAILURE)
    findings.covered.append(f"revisions 1 to {revision + 1} of {revisions}")
    findings.passed(Rule.COVERAGE)
    if span.end == len(content):
        findings.passed(Rule.CHANGES)
        return
    pictured = shows_unsigned_field(reader, fields, revision)  # 2
    if pictured or not _is_allowed(reader, name, held):  # 3
        findings.not_covered.append(f"revisions {revision + 2} to {revisions}")
        detail = "What was added after it changes what it signed, or more than it allows."
        findings.failed(Rule.CHANGES, detail, SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.CHANGES)


def _is_whole(content: bytes, reader: BoundedReader, revision: int, span: SignedSpan) -> bool:
    xrefs = reader.xrefs
    ended = _END.search(content, max(0, span.end - _TAIL_BYTES), span.end)
    if ended is None or int(ended[1]) != xrefs.get_startxref_for_revision(revision):
        return False
    earlier = range(revision + 1)
    tables = max(xrefs.get_xref_container_info(one).end_location for one in earlier)
    objects = max(
        (offset for one in earlier for _, offset in xrefs.get_xref_data(one).standard_xrefs.values()), default=0
    )
    return max(tables, objects) <= span.end


def _is_allowed(reader: BoundedReader, name: str, held: Any) -> bool:  # noqa: ANN401
    signature = EmbeddedPdfSignature(reader, held, name)
    signature.compute_integrity_info(SIGNATURES_ONLY)
    return bool(signature.summarise_integrity_info()["docmdp_ok"])
