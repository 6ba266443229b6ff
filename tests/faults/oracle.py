"""What must hold when the dust has settled: every promise kept once, every view the same. Pure.

*Lost*: a promised document that a recipient does not have, unless its sender was told of a named dead end; or one that
arrived with other bytes. *Twice*: a recipient took it more than once, or its node stated more than once what happens
once. *Without a document*: a receipt whose document the sender's node does not know.
"""

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from lienthong.sdk.models import Delivery
from tests.faults.ledger import Ledger, Promise, Take, View

ONCE = ("ContentConsignment", "ContentHandover", "ContentHandoverFailure")
"""Statements of a recipient's node that a delivery has at most one of each."""
BUSINESS_RANK = {None: 0, "01": 1, "03": 2, "04": 3, "05": 4, "06": 5, "02": 5}
FINAL = {"done", "fail"}


@dataclass(kw_only=True)
class Verdict:
    """What the oracle found. Each entry is a sentence that names the document."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    without_document: list[str] = field(default_factory=list)
    disagreeing: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    dead_ends: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)
    """What the nodes' own audit calls broken."""
    audited: int = 0
    deliveries: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all is wrong."""
        wrong = (self.lost, self.twice, self.without_document, self.disagreeing, self.backwards, self.complaints)
        return not any((*wrong, self.audit))


def judge(ledger: Ledger) -> Verdict:
    """The verdict over one run's book."""
    verdict = Verdict(complaints=list(ledger.complaints))
    taken: defaultdict[tuple[str, str], list[Take]] = defaultdict(list)
    for take in ledger.takes:
        taken[take.document, take.agency].append(take)
    for promise in ledger.promises.values():
        view = ledger.views.get(promise.document)
        if view is None and promise.sha256:
            verdict.without_document.append(f"{promise.key}: its node does not show {promise.document}")
        for agency in promise.recipients:
            verdict.deliveries += 1
            _judge_delivery(promise, agency, takes=taken.pop((promise.document, agency), []), view=view, to=verdict)
        if view is not None:
            _judge_statements(promise, view, verdict)
    for document, agency in taken:
        verdict.without_document.append(f"{agency} took {document}, for which nobody has a receipt")
    _judge_answers(ledger, verdict)
    _judge_sightings(ledger, verdict)
    return verdict


def _judge_delivery(promise: Promise, agency: str, *, takes: list[Take], view: View | None, to: Verdict) -> None:
    what = f"{promise.key} ({promise.document}) to {agency}"
    shown = _shown(view, promise.recipients[agency])
    if len(takes) > 1:
        to.twice.append(f"{what}: taken {len(takes)} times")
    if not takes:
        if shown is not None and shown.transport_status == "fail":
            to.dead_ends.append(f"{what}: {shown.transport_detail}")
        else:
            to.lost.append(f"{what}: never taken; its sender sees {shown.transport_status if shown else 'nothing'}")
        return
    if promise.sha256 and takes[0].sha256 != promise.sha256:
        to.lost.append(f"{what}: arrived with other bytes")
    if shown is not None and shown.transport_status != takes[0].result:
        to.disagreeing.append(f"{what}: {takes[0].result} there, {shown.transport_status} at its sender's")


def _shown(view: View | None, delivery: str) -> Delivery | None:
    return next((one for one in view.document.deliveries if one.id == delivery), None) if view is not None else None


def _judge_statements(promise: Promise, view: View, verdict: Verdict) -> None:
    stated = Counter(
        (entry.event, delivery) for entry in view.timeline if entry.event in ONCE for delivery in entry.deliveries
    )
    for (event, delivery), count in stated.items():
        if count > 1:
            verdict.twice.append(f"{promise.key} ({promise.document}): {count} times {event} of {delivery}")
    for shown in view.document.deliveries:
        if shown.transport_status == "done" and not stated["ContentHandover", shown.id]:
            verdict.disagreeing.append(f"{promise.key}: {shown.id} is done, and nobody has stated its handover")


def _judge_answers(ledger: Ledger, verdict: Verdict) -> None:
    """Each status that a recipient's node answered for is in the timeline of its document, once."""
    answered: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for promise in ledger.promises.values():
        if promise.answers:
            answered[promise.answers][promise.code] += 1
    for document, codes in answered.items():
        view = ledger.views.get(document)
        shown = Counter(entry.status.code for entry in view.timeline if entry.status is not None) if view else Counter()
        for code, count in codes.items():
            if shown[code] < count:
                verdict.lost.append(f"status {code} of {document}: {count} answered, {shown[code]} in the timeline")
            if shown[code] > count:
                verdict.twice.append(f"status {code} of {document}: {count} answered, {shown[code]} in the timeline")


def _judge_sightings(ledger: Ledger, verdict: Verdict) -> None:
    for delivery, seen in ledger.sightings.items():
        for (transport, business), (next_transport, next_business) in itertools.pairwise(seen):
            went_back = BUSINESS_RANK.get(next_business, 0) < BUSINESS_RANK.get(business, 0)
            if went_back or (transport in FINAL and next_transport != transport):
                after, before = (next_transport, next_business), (transport, business)
                verdict.backwards.append(f"delivery {delivery}: {after} after {before}")
