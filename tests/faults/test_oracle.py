"""The judge sees what went wrong: each mistake in a book is named, and an orderly book is clean."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lienthong.sdk.models import Delivery, Document, Submission, TimelineEntry
from tests.faults.ledger import Ledger, Promise, Take, View
from tests.faults.oracle import judge

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PACKAGE = {"sha256": "a" * 64, "size": 10, "media_type": "application/edxml+xml"}
DOCUMENT, DELIVERY, KEY = "document", "delivery", "G22,2026/11/20,1/KH-UBND"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    """One letter from G22 to H28, taken and answered for."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    _promise(ledger, KEY, DOCUMENT)
    ledger.take(_take())
    ledger.views[DOCUMENT] = _view()
    yield ledger
    ledger.close()


def _promise(ledger: Ledger, key: str, document: str, *, receipt: str = "receipt", **changes: Any) -> None:
    facts = {"sender": "G22", "recipients": {"H28": DELIVERY}, "sha256": "a" * 64, **changes}
    submission = Submission.model_validate(
        {"id": document, "kind": "document", "package": PACKAGE, "recipients": (), "receipt": receipt}
    )
    ledger.promise(Promise(key=key, document=document, receipt=receipt, **facts), submission)


def _take(**changes: str) -> Take:
    facts = {"document": DOCUMENT, "agency": "H28", "delivery": DELIVERY, "lease_token": "1", "result": "done"}
    return Take(**{**facts, "sha256": "a" * 64, **changes})


def _view(
    *, transport: str = "done", handovers: int = 1, consignments: int = 1, statuses: tuple[str, ...] = ()
) -> View:
    delivery = Delivery(id=DELIVERY, addressed_to="H28", code="H28", transport_status=transport, updated_at=NOW)
    document = Document.model_validate(
        {
            "id": DOCUMENT,
            "kind": "document",
            "sender": {"code": "G22"},
            "sender_document_id": KEY,
            "submitted_at": NOW,
            "package": PACKAGE,
            "deliveries": [delivery.model_dump()],
        }
    )
    events = ["ContentConsignment"] * consignments + ["ContentHandover"] * handovers
    stated = [TimelineEntry(at=NOW, kind="evidence", event=event, deliveries=(DELIVERY,)) for event in events]
    told = [TimelineEntry.model_validate({"at": NOW, "kind": "status", "status": {"code": code}}) for code in statuses]
    return View(document=document, timeline=(*stated, *told))


def test_an_orderly_book_is_clean(book: Ledger) -> None:
    verdict = judge(book)

    assert verdict.is_clean
    assert verdict.deliveries == 1


def test_what_nobody_took_is_lost(book: Ledger) -> None:
    book.takes.clear()
    book.views[DOCUMENT] = _view(transport="initial", handovers=0)

    assert len(judge(book).lost) == 1


def test_what_nobody_took_and_its_sender_was_told_of_is_a_dead_end(book: Ledger) -> None:
    book.takes.clear()
    book.views[DOCUMENT] = _view(transport="fail", handovers=0)

    verdict = judge(book)

    assert verdict.is_clean
    assert len(verdict.dead_ends) == 1


def test_other_bytes_than_were_sent_are_a_loss(book: Ledger) -> None:
    book.takes[0] = _take(sha256="b" * 64)

    assert len(judge(book).lost) == 1


def test_what_was_taken_under_two_leases_came_twice(book: Ledger) -> None:
    book.take(_take(lease_token="2"))

    assert len(judge(book).twice) == 1


@pytest.mark.parametrize("stated", [{"handovers": 2}, {"consignments": 2}])
def test_what_was_stated_twice_happened_twice(stated: dict[str, int], book: Ledger) -> None:
    book.views[DOCUMENT] = _view(**stated)  # type: ignore[arg-type]  # only counts are varied

    assert len(judge(book).twice) == 1


def test_a_receipt_needs_its_document(book: Ledger) -> None:
    del book.views[DOCUMENT]

    assert len(judge(book).without_document) == 1


def test_what_is_taken_needs_a_receipt(book: Ledger) -> None:
    book.take(_take(document="another"))

    assert len(judge(book).without_document) == 1


def test_a_repeated_request_with_another_receipt_is_a_complaint(book: Ledger) -> None:
    _promise(book, KEY, "another")

    assert len(judge(book).complaints) == 1


def test_both_ends_must_show_the_same(book: Ledger) -> None:
    book.takes[0] = _take(result="fail")

    assert len(judge(book).disagreeing) == 1


@pytest.mark.parametrize(("shown", "lost", "twice"), [((), 1, 0), (("03",), 0, 0), (("03", "03"), 0, 1)])
def test_a_status_is_in_the_timeline_once(shown: tuple[str, ...], lost: int, twice: int, book: Ledger) -> None:
    _promise(book, "H28:1:03", "status", sha256="", recipients={"G22": "back"}, answers=DOCUMENT, code="03")
    book.take(_take(document="status", agency="G22", delivery="back"))
    book.views[DOCUMENT] = _view(statuses=shown)

    verdict = judge(book)

    assert (len(verdict.lost), len(verdict.twice)) == (lost, twice)


@pytest.mark.parametrize(
    ("seen", "backwards"),
    [
        ([("initial", None), ("done", None), ("done", "03"), ("done", "06")], 0),
        ([("initial", None), ("processing", None), ("initial", None)], 0),
        ([("done", None), ("initial", None)], 1),
        ([("done", None), ("fail", None)], 1),
        ([("done", "06"), ("done", "03")], 1),
    ],
)
def test_what_is_final_stays_and_business_goes_forward(
    seen: list[tuple[str, str | None]], backwards: int, book: Ledger
) -> None:
    book.sightings[DELIVERY] = seen

    assert len(judge(book).backwards) == backwards
