"""What the offices were promised, what they took, and what they saw: kept outside the system under test.

Every entry is also appended to a file, so that a failed run can be read afterwards.
"""

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from lienthong.sdk.models import Document, Submission, TimelineEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A submission that was answered: the node has the document, and answers for it."""

    key: str
    """The Idempotency-Key: the office's own name for the document."""
    document: str
    sender: str
    recipients: dict[str, str]
    """Agency → delivery id."""
    sha256: str
    """Of the bytes that the office submitted; empty: the node wrote the package (a status)."""
    receipt: str
    answers: str = ""
    """Of a status: the document that it speaks of."""
    code: str = ""
    """Of a status: its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A delivery whose acknowledgement the node accepted: the recipient's system has the document from then on."""

    document: str
    agency: str
    delivery: str
    lease_token: str
    result: str
    sha256: str
    """Of the bytes that were downloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a sender's node shows a document when nothing is open any more."""

    document: Document
    timeline: tuple[TimelineEntry, ...]


class Ledger:
    """One run's book. ``path``: the file of entries."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.promises: dict[str, Promise] = {}
        """By key."""
        self.takes: list[Take] = []
        self.views: dict[str, View] = {}
        """By document."""
        self.sightings: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
        """Delivery id → (transport, business) each time that they had changed."""
        self.complaints: list[str] = []
        """What an office saw and must never see."""
        self.repeats = 0
        """Requests that repeated an earlier one and were answered the same."""
        self.refusals: Counter[str] = Counter()
        """Problem codes that an office took for passing."""

    def promise(self, promise: Promise, submission: Submission) -> None:
        """The node has answered a submission."""
        known = self.promises.setdefault(promise.key, promise)
        if known is not promise:
            self.repeats += 1
        else:
            self._write("promise", asdict(promise))
        if (known.document, known.receipt) != (submission.id, submission.receipt):
            self.complain(f"{promise.key}: the repeat got another receipt: {known.document} and {submission.id}")

    def take(self, take: Take) -> None:
        """A recipient has a document."""
        self.takes.append(take)
        self._write("take", asdict(take))

    def see(self, document: Document) -> None:
        """An office looks at one of its documents."""
        for delivery in document.deliveries:
            seen = (delivery.transport_status, delivery.business_status)
            sightings = self.sightings[delivery.id]
            if not sightings or sightings[-1] != seen:
                sightings.append(seen)

    def complain(self, text: str) -> None:
        """Something that must never be seen."""
        self.complaints.append(text)
        self._write("complaint", {"text": text})

    def note(self, kind: str, **facts: object) -> None:
        """Something worth knowing, for the file alone."""
        self._write(kind, facts)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, kind: str, facts: dict[str, object]) -> None:
        self._file.write(json.dumps({"entry": kind, **facts}, ensure_ascii=False, default=str) + "\n")
        self._file.flush()
