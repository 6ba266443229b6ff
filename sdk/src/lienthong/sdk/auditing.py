"""Compares what several nodes say of the same deliveries; pure but for the merge of their pages.

Each node lists its deliveries by id, and ids are merged in order, so that memory stays the same however many there
are. Pages are of different moments: what looks wrong is asked for again, the origin first, before it counts.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lienthong.sdk.operator_models import Finding, StandingDelivery

STUCK_AFTER: Final = timedelta(hours=24)
"""What two nodes see differently for longer is stuck. As the node's own audit has it."""
ENDED: Final = frozenset({"done", "fail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """One delivery as the audited nodes have it, by node."""

    id: str
    by_node: Mapping[str, StandingDelivery]


async def merged(streams: Mapping[str, AsyncIterator[StandingDelivery]]) -> AsyncIterator[Views]:
    """Each delivery once, with what every node says of it; ``streams``: by node, each in order of ids."""
    heads: dict[str, StandingDelivery] = {}
    for node, stream in streams.items():
        await _advance(heads, node, stream)
    while heads:
        least = min(one.id for one in heads.values())
        views = {node: one for node, one in heads.items() if one.id == least}
        yield Views(id=least, by_node=views)
        for node in views:
            await _advance(heads, node, streams[node])


async def _advance(heads: dict[str, StandingDelivery], node: str, stream: AsyncIterator[StandingDelivery]) -> None:
    head = await anext(stream, None)
    if head is None:
        heads.pop(node, None)
    else:
        heads[node] = head


def compare(views: Views, *, nodes: Sequence[str], now: datetime) -> Iterator[Finding]:
    """What is wrong between the nodes ``nodes``, which were all asked."""
    known = list(views.by_node.values())
    first = known[0]
    # 1. All speak of the same thing.
    for other in known[1:]:
        if _identity(other) != _identity(first):
            yield _finding("delivery-same", "broken", views.id, "The nodes have different documents under this id.")
            return
    origin, recipient = views.by_node.get(first.origin), views.by_node.get(first.node)
    # 2. What a recipient has, its origin has sent.
    if origin is None and first.origin in nodes:
        yield _finding("delivery-sent", "broken", views.id, f"{first.origin} took it over, and does not know it.")
    if origin is None or first.node not in nodes or first.origin == first.node:
        return
    # 3. What the origin counts as taken, the recipient's node has.
    if recipient is None:
        yield from _not_there(origin, now=now)
        return
    # 4. Both see the same end, once evidence had its time.
    yield from _ends(origin, recipient, now=now)


def _identity(one: StandingDelivery) -> tuple[str, ...]:
    return one.document, one.origin, one.package, one.agency, one.node


def _not_there(origin: StandingDelivery, *, now: datetime) -> Iterator[Finding]:
    if origin.status == "done":
        yield _finding("delivery-there", "broken", origin.id, f"{origin.node} does not know what it handed over.")
    elif origin.status not in ENDED and now - origin.updated_at > STUCK_AFTER:
        detail = f"It has not come to {origin.node} for {now - origin.updated_at}."
        yield _finding("delivery-there", "stuck", origin.id, detail)


def _ends(origin: StandingDelivery, recipient: StandingDelivery, *, now: datetime) -> Iterator[Finding]:
    told = f"It stands at {origin.status} at {origin.origin}, and at {recipient.status} at {origin.node}."
    if origin.status in ENDED and recipient.status in ENDED:
        if origin.status != recipient.status and origin.reason != "expired":
            yield _finding("delivery-end", "broken", origin.id, told)
        elif origin.status != recipient.status and now - recipient.updated_at > STUCK_AFTER:
            yield _finding("delivery-end", "stuck", origin.id, told)  # it was only supposed that nothing arrived
    elif origin.status in ENDED:
        yield _finding("delivery-end", "broken", origin.id, told)
    elif recipient.status in ENDED and now - recipient.updated_at > STUCK_AFTER:
        yield _finding("delivery-end", "stuck", origin.id, told)


_ADVICE: Final = {
    "delivery-same": "One of the nodes was meddled with. Compare their evidence of the document.",
    "delivery-sent": "Restore the origin's database; the recipient's evidence file proves the journey.",
    "delivery-there": "See lienthong admin destinations at every node between, and their dead letters.",
    "delivery-end": "Compare the evidence of both nodes: lienthong track DOCUMENT at each.",
}


def _finding(check: str, severity: str, subject: str, detail: str) -> Finding:
    return Finding(check=check, severity=severity, subject=subject, detail=detail, advice=_ADVICE[check])
