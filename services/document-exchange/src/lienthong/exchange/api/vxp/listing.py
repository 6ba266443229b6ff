"""Lists and counts: what arrived, and what became of what was sent."""

from lienthong.exchange.api.parameters import document_id
from lienthong.exchange.api.vxp.calling import Answer, Call
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.domain.vxp.lists import (
    WAITING,
    Received,
    ReceivedQuery,
    received_query,
    shown_time,
    wanted_recipients,
)
from lienthong.exchange.domain.vxp.operations import SERVICE_TYPE, STATUS_WORDS, message_type_of
from lienthong.exchange.usecases.list_received import count_received, list_received
from lienthong.exchange.usecases.read_document import SeenDocument, read_document
from lienthong.shared.contracts.envelope import DocumentKind

SENT = "done"
"""``sendStatus`` of whatever this node took over."""


async def get_received_edoc_list(call: Call) -> Answer:
    """What arrived for the system's agencies, a page of it."""
    query = received_query(call.verified, wanted_recipients(call.verified, call.caller.agency_codes()))
    found = await list_received(query, call.factory)
    return {"data": [_received_line(one) for one in found]}


async def count_receive_edoc(call: Call) -> Answer:
    """How many documents wait."""
    return await _count(call, DocumentKind.DOCUMENT)


async def count_receive_status(call: Call) -> Answer:
    """How many statuses wait."""
    return await _count(call, DocumentKind.STATUS)


async def get_sent_edoc_list(call: Call) -> Answer:
    """What became of a document that a system of the sender's sent here: one line for each delivery."""
    document = await document_id(call.parameter("docId"))
    seen = await read_document(document, call.factory, viewer=call.viewer)
    return {"data": [_sent_line(seen, delivery) for delivery in seen.deliveries]}


async def _count(call: Call, kind: DocumentKind) -> Answer:
    query = ReceivedQuery(agencies=call.caller.agencies(), kind=kind, statuses=WAITING)
    return {"count": str(await count_received(query, call.factory))}


def _received_line(one: Received) -> dict[str, str]:
    return {
        "docId": one.delivery,
        "serviceType": SERVICE_TYPE,
        "messageType": message_type_of(one.kind),
        "created_time": shown_time(one.stored_at),
        "updated_time": shown_time(one.updated_at),
        "from": one.sender,
        "to": one.agency,
        "status": one.status.value,
        "status_desc": one.detail or STATUS_WORDS[one.status],
    }


def _sent_line(seen: SeenDocument, delivery: Delivery) -> dict[str, str]:
    record, status = seen.record, delivery.transport_status
    is_received = status is TransportStatus.DONE
    return {
        "serviceType": SERVICE_TYPE,
        "messageType": message_type_of(record.kind),
        "senderDocId": record.id,
        "receiverDocId": delivery.id,
        "fromCode": record.sender,
        "toCode": delivery.agency,
        "sendStatus": SENT,
        "sendStatusDesc": STATUS_WORDS[TransportStatus.DONE],
        "receiveStatus": status.value,
        "receiveStatusDesc": delivery.transport_detail or STATUS_WORDS[status],
        "sentTime": shown_time(record.submitted_at),
        "receivedTime": shown_time(delivery.updated_at) if is_received else "",
        "title": record.subject,
        "notation": record.notation,
    }
