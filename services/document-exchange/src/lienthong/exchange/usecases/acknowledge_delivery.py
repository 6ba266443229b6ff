"""Receive, flow 10: the recipient's system says that it has taken a document in, or cannot.

In one transaction: 1 the delivery is locked and the claim judged; 2 its status is written; 3 the evidence of the
handover is kept, and queued for the node that accepted the document. A power cut before the commit leaves the
claim as it was; after it, the client's repeat gets the same answer and nothing happens twice.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import FailReason, TransportStatus
from lienthong.exchange.domain.events import acknowledged
from lienthong.exchange.domain.evidence import Happening, SealedEvidence
from lienthong.exchange.domain.leases import (
    Acknowledgement,
    DeliveryNotFound,
    HandoverResult,
    judge_acknowledgement,
)
from lienthong.exchange.domain.transport_status import FINAL, Ending
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.inbox_view import HeldDelivery, hold_delivery, settle_delivery
from lienthong.exchange.storage.redeliveries import hold_again, settle_again
from lienthong.exchange.usecases.close_amendments import close_amendments
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.shared.contracts.evidence import Event, RecipientOutcome
from lienthong.shared.identifiers import AgencyCode, DeliveryId

_EVENTS = {
    HandoverResult.DONE: (Event.CONTENT_HANDOVER, "handed-over"),
    HandoverResult.FAIL: (Event.CONTENT_HANDOVER_FAILURE, "handover-failed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client says about a delivery that it claimed, for agencies that it may act for."""

    delivery: DeliveryId
    lease_token: str
    result: HandoverResult
    description: str
    client_id: str
    agencies: Collection[AgencyCode]


async def acknowledge_delivery(answer: Answer, process: Process) -> Delivery:
    """The delivery as it stands afterwards.

    Raises:
        DeliveryNotFound: It is not in an inbox of the caller here.
        LeaseLost: Another claim holds it, or it was answered for otherwise.
    """
    now = process.clock()
    recorder = process.evidence_recorder()
    async with process.database.begin() as connection:
        held = await _held(connection, answer, now=now)
        if await _acknowledged_again(connection, answer, held):
            return held.delivery
        verdict = judge_acknowledgement(
            held.stored, held_token=held.lease_token, token=answer.lease_token, result=answer.result
        )
        if verdict is Acknowledgement.REPEATS:
            return held.delivery
        settled = await settle_delivery(connection, held.delivery, ending=_ending(answer), now=now)
        evidence = _handover(answer, held, recorder=recorder, at=now)
        await recorder.record(connection, held.document, [evidence])
        if held.document.origin == process.here:
            reason = evidence.claims.reason_code
            await record_events(connection, [acknowledged(settled, held.document, reason=reason)])
        if settled.transport_status is TransportStatus.FAIL:
            endings = {settled.id: settled.transport_reason}
            await close_amendments(connection, endings, here=process.here, now=now)
        return settled


async def _acknowledged_again(connection: AsyncConnection, answer: Answer, held: HeldDelivery) -> bool:
    """Whether the answer is about a redelivery, which it ends.

    The delivery was handed over once, and nothing more is stated about it.
    """
    if held.stored not in FINAL or held.lease_token == answer.lease_token:
        return False
    again = await hold_again(connection, answer.delivery, token=answer.lease_token)
    if again is None:
        return False
    verdict = judge_acknowledgement(
        again.stored, held_token=again.lease_token, token=answer.lease_token, result=answer.result
    )
    if verdict is Acknowledgement.TAKES_EFFECT:
        status = answer.result.transport_status
        await settle_again(connection, answer.delivery, again, status=status, detail=answer.description)
    return True


async def _held(connection: AsyncConnection, answer: Answer, *, now: datetime) -> HeldDelivery:
    held = await hold_delivery(connection, answer.delivery, now=now)
    if held is None or not held.delivery.is_local or held.delivery.agency not in answer.agencies:
        raise DeliveryNotFound("No such delivery is in an inbox of yours at this node.")
    return held


def _ending(answer: Answer) -> Ending:
    reason = "" if answer.result is HandoverResult.DONE else FailReason.RECIPIENT.value
    return Ending(status=answer.result.transport_status, detail=answer.description, reason=reason)


def _handover(answer: Answer, held: HeldDelivery, *, recorder: EvidenceRecorder, at: datetime) -> SealedEvidence:
    event, outcome = _EVENTS[answer.result]
    happening = Happening(
        event=event,
        node=recorder.here,
        time=at,
        actor=answer.client_id,
        reason_code=_ending(answer).reason,
        reason=answer.description,
    )
    recipient = RecipientOutcome(
        addressed_to=held.delivery.addressed_to,
        delivery=held.delivery.id,
        agency=held.delivery.agency,
        node=held.delivery.node,
        outcome=outcome,
        detail=answer.description,
    )
    return recorder.seal(happening, document=held.document, recipients=[recipient])
