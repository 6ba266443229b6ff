"""Document time stamps: that all of a PDF up to them existed. Source: ETSI EN 319 142-1 clause 5.4.3."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lienthong.shared.signatures.existence import Existence, ShownStamp, prove_existence
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.pades_structure import SignedSpan, StructureRefused, container_of, signed_span
from lienthong.shared.signatures.report import Proof
from lienthong.shared.signatures.trust import TrustStore

_SUBFILTER: Final = "/ETSI.RFC3161"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStamp:
    """One document time stamp, checked. ``existence`` None: it does not say over what it is; ``refused`` why."""

    span: SignedSpan | None
    revision: int
    existence: Existence | None
    refused: str = ""

    def proves(self, end: int) -> bool:
        """Whether what it stamps has all of the file's first ``end`` bytes in it."""
        return self.span is not None and end <= self.span.gap_start and self.holds

    @property
    def holds(self) -> bool:
        """Whether it is a trusted authority's over these bytes."""
        return self.existence is not None and self.existence.proof is Proof.TIME_STAMP


def is_document_stamp(dictionary: Any) -> bool:  # noqa: ANN401 — pyHanko's dictionary
    """Whether a signature dictionary is that of a time stamp, and so nobody's signature."""
    return str(dictionary.get("/Type")) == "/DocTimeStamp" or str(dictionary.get("/SubFilter")) == _SUBFILTER


def check_document_stamp(
    content: bytes,
    dictionary: Any,  # noqa: ANN401
    *,
    revision: int,
    trust: TrustStore,
    at: datetime,
) -> DocumentStamp:
    """What a document time stamp proves: never an error, since one that proves nothing condemns nothing.

    1. Its byte range leaves out nothing but itself, up to the end of a revision.
    2. Its token is a trusted authority's, over exactly these bytes (:func:`time_stamps.check_time_stamp`).
    """
    try:
        span = signed_span(content, dictionary)  # 1
        token = container_of(dictionary)
    except StructureRefused as error:
        return DocumentStamp(span=None, revision=revision, existence=None, refused=str(error))
    shown = ShownStamp(token=token, stamped=b"".join(span.pieces(content)))
    found = prove_existence([shown], trust=trust, at=at)  # 2
    why = "; ".join(f"{one.detail} ({one.sub_indication.value})" for one in found.refused)
    return DocumentStamp(span=span, revision=revision, existence=found, refused=why)


def lean_on(stamps: tuple[DocumentStamp, ...], findings: Findings, *, end: int) -> datetime | None:
    """Enters in ``findings`` what document time stamps say of a signature over the first ``end`` bytes.

    The best signature time becomes theirs where it is earlier. Gives it; None when they say nothing.
    """
    for stamp in stamps:
        found = stamp.existence
        if found is None or not stamp.holds:
            findings.disregarded(Rule.TIME_STAMP, f"A document time stamp proves nothing: {stamp.refused}")
        elif stamp.proves(end):
            findings.passed(Rule.TIME_STAMP, f"document: {found.source} at {found.at.isoformat()}")
            if findings.best_signature_time is None or found.at < findings.best_signature_time:
                findings.best_signature_time, findings.proof, findings.proof_source = (
                    found.at,
                    found.proof,
                    found.source,
                )
    return findings.best_signature_time
