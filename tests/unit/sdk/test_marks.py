"""What ``lienthong track`` says of marks."""

from datetime import UTC, datetime

import pytest

from lienthong.sdk.models import Document, LaterVerdict, Party, SignatureVerdict, TimelineEntry, TimeStampMark
from lienthong.sdk.tables import marks_text, timeline_row
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import Sha256

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "revocation", "said"),
    [
        (TimeStampMark(state="pending"), "pending", "Time stamp: pending · Revocation: pending"),
        (TimeStampMark(state="stamped", at=AT), "known", "Time stamp: stamped 2026-03-02 08:30:00 · Revocation: known"),
        (None, None, "Time stamp: – · Revocation: –"),
    ],
    ids=["pending", "known", "a-node-of-before"],
)
def test_marks_are_told(stamp: TimeStampMark | None, revocation: str | None, said: str) -> None:
    document = Document(
        id="1",
        kind="document",
        sender=Party(code="H28"),
        sender_document_id="1",
        submitted_at=AT,
        package=PackageReference(sha256=Sha256("0" * 64), size=1, media_type="application/edxml+xml"),
        time_stamp=stamp,
        revocation=revocation,
    )

    assert marks_text(document, utc=False) == said


def test_second_verdict_is_a_line_of_the_timeline() -> None:
    verdict = LaterVerdict(signatures=SignatureVerdict(indication="TOTAL-FAILED", package="invalid"), revoked=True)
    entry = TimelineEntry(at=AT, kind="later-report", node="H28", later_report=verdict)

    row = timeline_row(entry, {}, utc=True)

    assert row == (
        "2026-03-02 01:30:00",
        "H28",
        "later-report",
        "",
        "TOTAL-FAILED, signature invalid, revoked before receipt",
    )
