"""The thirteen operations of the national SDK, and the words that they use."""

from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.errors import Forbidden, InvalidInput, NotFound


class Operation(StrEnum):
    """The last part of a call's path. All are POST but ``downloadEdoc``."""

    GET_AGENCIES_LIST = "getAgenciesList"
    GET_AGENCIES_LIST_QD20 = "getAgenciesListQD20"
    GET_SYNCHRONIZE_UNIT = "getSynchronizeUnit"
    REGISTER_AGENCY = "registerAgency"
    DELETE_AGENCY = "deleteAgency"
    SEND_EDOC = "sendEdoc"
    GET_RECEIVED_EDOC_LIST = "getReceivedEdocList"
    GET_SENT_EDOC_LIST = "getSentEdocList"
    GET_EDOC = "getEdoc"
    DOWNLOAD_EDOC = "downloadEdoc"
    COUNT_RECEIVE_EDOC = "countReceiveEdoc"
    COUNT_RECEIVE_STATUS = "countReceiveStatus"
    UPDATE_STATUS = "updateStatus"


class OperationUnknown(NotFound):
    """The SDK has no such operation."""

    code = "vxp-operation-unknown"
    title = "No such operation"


class OperationNotServed(Forbidden):
    """The directory is changed at the registry, by its operators; the SDK's two operations for that are not served."""

    code = "vxp-operation-not-served"
    title = "This operation is not served here"


class ParameterInvalid(InvalidInput):
    """A parameter of the call has a value that its operation does not know."""

    code = "vxp-parameter-invalid"
    title = "A parameter cannot be used"


SERVICE_TYPE: Final = "eDoc"
_KINDS: Final = {"edoc": DocumentKind.DOCUMENT, "status": DocumentKind.STATUS}
STATUS_WORDS: Final = {
    TransportStatus.INITIAL: "Chờ nhận",
    TransportStatus.PROCESSING: "Đang xử lý",
    TransportStatus.DONE: "Đã nhận",
    TransportStatus.FAIL: "Nhận không thành công",
}
"""``status_desc``: in the words that e-office systems show."""


def operation_named(name: str) -> Operation:
    """The operation. Raises :class:`OperationUnknown`."""
    try:
        return Operation(name)
    except ValueError as error:
        raise OperationUnknown("The path ends with none of the SDK's operations.") from error


def kind_of(message_type: str) -> DocumentKind | None:
    """What ``messagetype`` stands for; None: it was not given. Raises :class:`ParameterInvalid`."""
    if not message_type:
        return None
    if message_type.lower() not in _KINDS:
        raise ParameterInvalid("messagetype is edoc or status.", facts={"parameter": "messagetype"})
    return _KINDS[message_type.lower()]


def message_type_of(kind: DocumentKind) -> str:
    """The ``messagetype`` of a document."""
    return next(word for word, meant in _KINDS.items() if meant is kind)


def status_named(word: str) -> TransportStatus | None:
    """The transport status in any case; None: it was not given. Raises :class:`ParameterInvalid`."""
    if not word:
        return None
    try:
        return TransportStatus(word.lower())
    except ValueError as error:
        known = ", ".join(TransportStatus)
        raise ParameterInvalid(f"status is one of {known}.", facts={"parameter": "status"}) from error
