"""What a node tells an agency about its documents: the types of events, and how each is made; pure.

An event says that something happened; what it means is read where it always is, in inbox, timeline and deliveries.
Every event concerns one agency at the node that serves it, and is written in the transaction of what it tells.
Source: CloudEvents 1.0.2 (``type``, ``subject``, ``time``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord, FailReason, TransportStatus
from lienthong.exchange.domain.testimony import Effect, SentDelivery
from lienthong.exchange.domain.visibility import Delivery
from lienthong.shared.contracts.envelope import EnvelopeDocument
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId


class EventType(StrEnum):
    """Published names: they are never changed, new ones may come."""

    DOCUMENT_ACCEPTED = "vn.lienthong.document.accepted"
    """To the sender: this node took the document over."""
    DELIVERY_ARRIVED = "vn.lienthong.delivery.arrived"
    """To the recipient: a document lies in its inbox."""
    TRANSPORT_STATUS = "vn.lienthong.delivery.transport-status"
    """To the sender: the recipient's system has taken the document, or said that it cannot."""
    DELIVERY_REFUSED = "vn.lienthong.delivery.refused"
    """To the sender: a node on the way, or the recipient's, does not take the document."""
    DELIVERY_EXPIRED = "vn.lienthong.delivery.expired"
    """To the sender: the deadline passed before the recipient took the document."""
    BUSINESS_STATUS = "vn.lienthong.delivery.business-status"
    """To the sender: the recipient answered with a business status, applied or only kept."""
    RECALL_ASKED = "vn.lienthong.document.recall-asked"
    """To the recipient: the sender asks the document back."""
    RECALL_ANSWERED = "vn.lienthong.document.recall-answered"
    """To the sender: the recipient, or its node, answered a recall."""
    UPDATE_ASKED = "vn.lienthong.document.update-asked"
    """To the recipient: the sender wants the document updated."""
    UPDATE_ANSWERED = "vn.lienthong.document.update-answered"
    """To the sender: the recipient answered an update."""
    REPLACE_ASKED = "vn.lienthong.document.replace-asked"
    """To the recipient: another document takes the place of this one."""
    REPLACE_ANSWERED = "vn.lienthong.document.replace-answered"
    """To the sender: the recipient answered a replacement."""


MAX_TEXT: Final = 1000
"""Characters of a text that an event repeats; the timeline has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event before it is written.

    ``agency``: whom it is for; this node serves it. ``document``: events of one document keep their order.
    ``data``: what the type adds; JSON-ready and small, at most a few KiB.
    """

    type: EventType
    time: datetime
    agency: AgencyCode
    document: DocumentId
    delivery: DeliveryId | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def accepted(document: DocumentRecord) -> NewEvent:
    """For the sender, where the document was accepted."""
    return NewEvent(
        type=EventType.DOCUMENT_ACCEPTED,
        time=document.stored_at,
        agency=document.sender,
        document=document.id,
        data=_about(document),
    )


def arrivals(document: DocumentRecord, deliveries: Sequence[DeliveryRecord]) -> tuple[NewEvent, ...]:
    """For each recipient that this node serves."""
    data = _about(document)
    return tuple(
        NewEvent(
            type=EventType.DELIVERY_ARRIVED,
            time=document.stored_at,
            agency=one.agency,
            document=document.id,
            delivery=one.id,
            data=data,
        )
        for one in deliveries
        if one.is_local and one.transport_status is TransportStatus.INITIAL
    )


def acknowledged(settled: Delivery, document: EnvelopeDocument, *, reason: str) -> NewEvent:
    """For a sender whose node also serves the recipient: the recipient's system answered for the delivery."""
    return NewEvent(
        type=EventType.TRANSPORT_STATUS,
        time=settled.updated_at,
        agency=document.sender,
        document=document.id,
        delivery=settled.id,
        data={
            "transport_status": settled.transport_status.value,
            "reason": reason,
            "detail": settled.transport_detail[:MAX_TEXT],
        },
    )


def effect_felt(effect: Effect, delivery: SentDelivery, *, at: datetime) -> NewEvent:
    """For the sender: evidence that came back moved ``delivery``."""
    data = {
        "transport_status": effect.status.value,
        "reason": effect.reason,
        "detail": effect.detail[:MAX_TEXT],
    }
    return NewEvent(
        type=_type_of(effect),
        time=at,
        agency=delivery.sender,
        document=delivery.document,
        delivery=delivery.id,
        data=data | ({"refused_by": effect.refused_by} if effect.refused_by else {}),
    )


def _type_of(effect: Effect) -> EventType:
    if effect.refused_by:
        return EventType.DELIVERY_REFUSED
    return EventType.DELIVERY_EXPIRED if effect.reason == FailReason.EXPIRED else EventType.TRANSPORT_STATUS


def ended(delivery: Delivery, document: EnvelopeDocument, *, reason: FailReason) -> NewEvent:
    """For a sender whose node ended the delivery itself."""
    return NewEvent(
        type=EventType.DELIVERY_EXPIRED if reason is FailReason.EXPIRED else EventType.TRANSPORT_STATUS,
        time=delivery.updated_at,
        agency=document.sender,
        document=document.id,
        delivery=delivery.id,
        data={
            "transport_status": delivery.transport_status.value,
            "reason": reason.value,
            "detail": delivery.transport_detail[:MAX_TEXT],
        },
    )


def business_answered(status: ArrivedStatus, *, document: DocumentId, delivery: DeliveryId, applied: bool) -> NewEvent:
    """For the sender of ``document``: its recipient said how it stands."""
    return NewEvent(
        type=EventType.BUSINESS_STATUS,
        time=status.at,
        agency=status.to_agency,
        document=document,
        delivery=delivery,
        data={
            "code": status.code.value,
            "description": status.description[:MAX_TEXT],
            "applied": applied,
            "from": status.from_agency,
            "status_document": status.id,
        },
    )


def _about(document: DocumentRecord) -> dict[str, object]:
    return {
        "kind": document.kind.value,
        "business_type": document.business_type,
        "sender": document.sender,
        "sender_document_id": document.sender_document_id,
        "subject": document.subject[:MAX_TEXT],
        "notation": document.notation,
        "priority": document.priority,
    }
