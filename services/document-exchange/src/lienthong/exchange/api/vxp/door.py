"""``/vxp/{operation}``: the interface of the national SDK. Every answer is an envelope that the SDK can read."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.vxp import agencies, listing, sending, taking
from lienthong.exchange.api.vxp.calling import Answer, Handler, called
from lienthong.exchange.api.vxp.enveloping import NO_DOCUMENT, enveloped
from lienthong.exchange.domain.vxp.operations import Operation, operation_named
from lienthong.exchange.factory import Factory

HANDLERS: Final[Mapping[Operation, Handler]] = {
    Operation.GET_AGENCIES_LIST: agencies.get_agencies_list,
    Operation.GET_AGENCIES_LIST_QD20: agencies.get_agencies_list_qd20,
    Operation.GET_SYNCHRONIZE_UNIT: agencies.get_synchronize_unit,
    Operation.REGISTER_AGENCY: agencies.change_directory,
    Operation.DELETE_AGENCY: agencies.change_directory,
    Operation.SEND_EDOC: sending.send_edoc,
    Operation.GET_RECEIVED_EDOC_LIST: listing.get_received_edoc_list,
    Operation.GET_SENT_EDOC_LIST: listing.get_sent_edoc_list,
    Operation.GET_EDOC: taking.get_edoc,
    Operation.DOWNLOAD_EDOC: taking.download_edoc,
    Operation.COUNT_RECEIVE_EDOC: listing.count_receive_edoc,
    Operation.COUNT_RECEIVE_STATUS: listing.count_receive_status,
    Operation.UPDATE_STATUS: taking.update_status,
}
router = APIRouter(prefix="/vxp", tags=["national SDK"])

NamedOperation = Annotated[str, Path(description="One of the thirteen operations", examples=["getReceivedEdocList"])]
_ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "ErrorCode", "ErrorDesc"],
    "properties": {
        "status": {"type": "string", "enum": ["OK", "FAIL"]},
        "ErrorCode": {"type": "string", "description": "0: success; else a code of the national platform"},
        "ErrorDesc": {"type": "string"},
        "DocId": {"type": "string", "description": "Of sendEdoc, empty on failure"},
    },
    "additionalProperties": True,
    "examples": [{"status": "OK", "ErrorCode": "0", "ErrorDesc": "", "DocId": "0199c3f2-5b1e-7c3a-9d44-1f2e3d4c5b6a"}],
}
ENVELOPES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The envelope, also of a failure; of downloadEdoc the file",
        "content": {"application/json": {"schema": _ENVELOPE}},
    },
    NO_DOCUMENT: {
        "description": "A downloadEdoc that failed: the envelope",
        "content": {"application/json": {"schema": _ENVELOPE}},
    },
}


@router.post("/{operation}", summary="A call of the national SDK", response_class=Response, responses=ENVELOPES)
async def post(operation: NamedOperation, *, request: Request, factory: WithFactory) -> Response:
    """Parameters are headers ``XroadVnpt-…``, signed with the system's secret; the HTTP status is 200 whatever happens.

    The operations, their parameters and answers are those of the SDK for Java 2.0.1. A document sent here is received
    by REST as well, and the other way round.
    """
    return await _answer(operation, request, factory)


@router.get("/{operation}", summary="A download of the national SDK", response_class=Response, responses=ENVELOPES)
async def get(operation: NamedOperation, *, request: Request, factory: WithFactory) -> Response:
    """For ``downloadEdoc``: the file itself, or 404 with the envelope of the failure."""
    return await _answer(operation, request, factory)


async def _answer(name: str, request: Request, factory: Factory) -> Response:
    operation = name if name in set(Operation) else ""

    async def act() -> Answer:
        return await HANDLERS[operation_named(name)](called(request, factory))

    return await enveloped(act, operation=operation)
