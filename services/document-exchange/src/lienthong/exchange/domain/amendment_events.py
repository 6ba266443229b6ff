"""What agencies are told about recalls, updates and replacements; pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lienthong.exchange.domain.amendments import AmendmentKind, HeldAmendment
from lienthong.exchange.domain.events import MAX_TEXT, EventType, NewEvent
from lienthong.shared.identifiers import AgencyCode

_ASKED: Final[Mapping[AmendmentKind, EventType]] = {
    AmendmentKind.RECALL: EventType.RECALL_ASKED,
    AmendmentKind.UPDATE: EventType.UPDATE_ASKED,
    AmendmentKind.REPLACE: EventType.REPLACE_ASKED,
}
_ANSWERED: Final[Mapping[AmendmentKind, EventType]] = {
    AmendmentKind.RECALL: EventType.RECALL_ANSWERED,
    AmendmentKind.UPDATE: EventType.UPDATE_ANSWERED,
    AmendmentKind.REPLACE: EventType.REPLACE_ANSWERED,
}


def amendment_asked(one: HeldAmendment, *, recipient: AgencyCode, at: datetime) -> NewEvent:
    """For the recipient: something is asked about a document that it got, or was about to get."""
    return _event(_ASKED[one.kind], one, agency=recipient, reason=one.reason, at=at)


def amendment_answered(one: HeldAmendment, *, reason: str, at: datetime) -> NewEvent:
    """For the sender: what came of it. ``reason``: the recipient's words."""
    return _event(_ANSWERED[one.kind], one, agency=one.sender, reason=reason, at=at)


def _event(kind: EventType, one: HeldAmendment, *, agency: AgencyCode, reason: str, at: datetime) -> NewEvent:
    return NewEvent(
        type=kind,
        time=at,
        agency=agency,
        document=one.document,
        delivery=one.delivery,
        data={"request": one.request, "state": one.state.value, "reason": reason[:MAX_TEXT]},
    )
