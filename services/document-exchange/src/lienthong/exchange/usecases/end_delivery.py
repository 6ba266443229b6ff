"""Ends a delivery that nobody takes any more, and states it: on the caller's transaction, under the delivery's lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import FailReason, TransportStatus
from lienthong.exchange.domain.events import ended
from lienthong.exchange.domain.evidence import Happening
from lienthong.exchange.domain.transport_status import FINAL, Ending
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.inbox_view import hold_delivery, settle_delivery
from lienthong.exchange.usecases.close_amendments import close_amendments
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.shared.contracts.evidence import Event, RecipientOutcome
from lienthong.shared.identifiers import DeliveryId

_EVENTS: Final = {
    FailReason.RECALLED: Event.CONTENT_HANDOVER_FAILURE,
    FailReason.REPLACED: Event.CONTENT_HANDOVER_FAILURE,
    FailReason.EXPIRED: Event.ACCEPTANCE_REJECTION_EXPIRY,
}
"""What ends a delivery, in the words of ETSI EN 319 522-3; the evidence's ``reason_code`` tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why a delivery ends. ``actor``: whose will it is; ``detail``: what that one says."""

    reason: FailReason
    actor: str
    detail: str = ""


async def end_delivery(
    connection: AsyncConnection, delivery: DeliveryId, end: End, *, recorder: EvidenceRecorder, now: datetime
) -> bool:
    """Lets the delivery fail, with evidence for the document's origin; False: it had ended before, and stays so."""
    held = await hold_delivery(connection, delivery, now=now)
    if held is None or held.stored in FINAL:
        return False
    ending = Ending(status=TransportStatus.FAIL, detail=end.detail, reason=end.reason.value)
    settled = await settle_delivery(connection, held.delivery, ending=ending, now=now)
    happening = Happening(
        event=_EVENTS[end.reason],
        node=recorder.here,
        time=now,
        actor=end.actor,
        reason_code=end.reason.value,
        reason=end.detail,
    )
    recipient = RecipientOutcome(
        addressed_to=held.delivery.addressed_to,
        delivery=held.delivery.id,
        agency=held.delivery.agency,
        node=held.delivery.node,
        outcome=end.reason.value,
        detail=end.detail,
    )
    sealed = recorder.seal(happening, document=held.document, recipients=[recipient])
    await recorder.record(connection, held.document, [sealed])
    if held.document.origin == recorder.here:
        await record_events(connection, [ended(settled, held.document, reason=end.reason)])
    await close_amendments(connection, {delivery: end.reason.value}, here=recorder.here, now=now)
    return True
