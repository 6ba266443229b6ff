"""Recall, update, replace: lets them take effect where they, what they speak of, or an answer is stored.

On the caller's transaction, in which all of that was written. Whichever comes last finds the others: a request that
overtakes its document waits for it, and an answer for its request. Repeated ones change nothing. Between a claim and a
recall the lock of the delivery's row decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendment_events import amendment_answered, amendment_asked
from lienthong.exchange.domain.amendments import (
    ANSWER_CODES,
    AmendmentState,
    ArrivedAmendment,
    HeldAmendment,
    answered,
    concerned,
    end_on_agreement,
    met,
)
from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord, FailReason
from lienthong.exchange.storage.amendment_answers import asked_of, early_answers, keep_early_answer
from lienthong.exchange.storage.amendments import (
    AskedDelivery,
    Subject,
    add_amendment,
    add_request,
    deliveries_waited_for,
    hold_subjects,
    move_amendment,
    requests_waiting_for,
    stop_waiting,
)
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.statuses import AnsweredDelivery, add_status
from lienthong.exchange.usecases.apply_status import apply_status
from lienthong.exchange.usecases.end_delivery import End, end_delivery
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.edxml.model import BusinessStatus, BusinessType
from lienthong.shared.identifiers import AgencyCode, DocumentId, NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A document that the transaction has written, the deliveries that came with it, what it asks or answers."""

    document: DocumentRecord
    deliveries: tuple[DeliveryRecord, ...]
    amendment: ArrivedAmendment | None
    status: ArrivedStatus | None

    def local_agencies(self) -> tuple[AgencyCode, ...]:
        """The recipients that this node serves."""
        return tuple(one.agency for one in self.deliveries if one.is_local)

    def is_awaitable(self, here: NodeId) -> bool:
        """Whether a request may have overtaken it: its own origin takes things in their order."""
        return (
            self.document.kind is DocumentKind.DOCUMENT
            and self.document.business_type != BusinessType.RECALL
            and self.document.origin != here
            and bool(self.local_agencies())
        )

    @property
    def reaches_sender(self) -> bool:
        """Whether a status ends its way here, at the node of whoever sent the document that it speaks of."""
        return self.status is not None and self.status.to_agency in self.local_agencies()

    def answer(self) -> ArrivedStatus | None:
        """15 or 16, if it is one."""
        return self.status if self.status is not None and self.status.code in ANSWER_CODES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    connection: AsyncConnection
    recorder: EvidenceRecorder
    now: datetime


async def apply_amendments(
    connection: AsyncConnection, stored: Sequence[Stored], *, recorder: EvidenceRecorder, now: datetime
) -> None:
    """Requests first, then what they waited for, then answers: so each finds what came in the same batch."""
    scene, here = _Scene(connection=connection, recorder=recorder, now=now), recorder.here
    arrived = [one for one in stored if one.is_awaitable(here)]
    await hold_subjects(
        connection, [*map(_subject, arrived), *(one for each in stored for one in _asked_subjects(each))]
    )
    for one in stored:
        if one.amendment is not None:
            await _ask(scene, one.amendment, one)
    await _meet_waiting(scene, arrived)
    for one in stored:
        if (answer := one.answer()) is not None:
            await _take_answer(scene, answer, is_arrival=one.reaches_sender)


async def _meet_waiting(scene: _Scene, arrived: Sequence[Stored]) -> None:
    if not arrived:
        return
    for subject, request in await requests_waiting_for(scene.connection, {_subject(one) for one in arrived}):
        for one in arrived:
            if _subject(one) == subject:
                await _meet(scene, request, document=one.document.id)


def _subject(one: Stored) -> Subject:
    return one.document.sender, one.document.sender_document_id


def _asked_subjects(one: Stored) -> list[Subject]:
    """What a request and an answer speak of."""
    if (answer := one.answer()) is not None:
        return [(answer.to_agency, answer.response_document_id)]
    if (request := one.amendment) is None:
        return []
    return [
        (request.sender, request.own_document_id),
        *((request.sender, target.document_id) for target in request.targets),
    ]


async def _ask(scene: _Scene, request: ArrivedAmendment, one: Stored) -> None:
    """At its origin a request speaks of every delivery that the origin knows of; elsewhere, of those here."""
    knows_all = request.origin == scene.recorder.here and bool(request.documents)
    recipients = tuple(delivery.agency for delivery in one.deliveries) if knows_all else one.local_agencies()
    await add_request(scene.connection, request, recipients)
    await _meet(scene, request)


async def _meet(scene: _Scene, request: ArrivedAmendment, *, document: DocumentId | None = None) -> None:
    here = scene.recorder.here
    found = await deliveries_waited_for(scene.connection, request, here=here, document=document)
    for delivery in found:
        await _decide(scene, request, delivery)
    await stop_waiting(scene.connection, request, found, at_origin=request.origin == here)


async def _decide(scene: _Scene, request: ArrivedAmendment, delivery: AskedDelivery) -> None:
    outcome = met(request.kind, delivery.standing)
    await add_amendment(scene.connection, request, delivery, state=outcome.state, now=scene.now)
    held = HeldAmendment(
        request=request.id,
        kind=request.kind,
        reason=request.reason,
        sender=request.sender,
        document=delivery.document,
        delivery=delivery.id,
        origin=delivery.origin,
        state=outcome.state,
        standing=delivery.standing,
    )
    if delivery.standing.is_here and outcome.state is not AmendmentState.MOOT:
        await record_events(scene.connection, [amendment_asked(held, recipient=delivery.agency, at=scene.now)])
    if outcome.ends is not None:
        await _end(scene, held, outcome.ends)
        await _tell_sender(scene, held, reason="")
    for early in await early_answers(scene.connection, request, delivery):
        held = await _move(scene, held, early.code, reason=early.reason)


async def _take_answer(scene: _Scene, answer: ArrivedStatus, *, is_arrival: bool) -> None:
    held = concerned(await asked_of(scene.connection, answer), named=answer.replies_to)
    if not held:
        await keep_early_answer(scene.connection, answer)
        await apply_status(scene.connection, answer, is_arrival=is_arrival)
        return
    moved = [await _move(scene, one, answer.code, reason=answer.description) for one in held]
    applied = any(after.state is not before.state for after, before in zip(moved, held, strict=True))
    about = AnsweredDelivery(id=held[0].delivery, document_id=held[0].document, business_status=None)
    await add_status(scene.connection, answer, about, applied=applied)


async def _move(scene: _Scene, held: HeldAmendment, code: BusinessStatus, *, reason: str) -> HeldAmendment:
    state = answered(held.state, code)
    if state is held.state:
        return held
    await move_amendment(scene.connection, (held.request, held.delivery), state, reason=reason, at=scene.now)
    moved = replace(held, state=state)
    await _tell_sender(scene, moved, reason=reason)
    ends = end_on_agreement(held.kind, held.standing) if state is AmendmentState.AGREED else None
    if ends is not None:
        await _end(scene, moved, ends)
    return moved


async def _end(scene: _Scene, held: HeldAmendment, reason: FailReason) -> None:
    end = End(reason=reason, actor=held.sender, detail=held.reason)
    await end_delivery(scene.connection, held.delivery, end, recorder=scene.recorder, now=scene.now)


async def _tell_sender(scene: _Scene, held: HeldAmendment, *, reason: str) -> None:
    if held.origin == scene.recorder.here:
        await record_events(scene.connection, [amendment_answered(held, reason=reason, at=scene.now)])
