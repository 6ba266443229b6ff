"""What the SDK can read: flat objects of text, with a status, a code and a sentence in every one.

It ignores the HTTP status, breaks on ``null``, and takes an empty answer for an empty list and success.
"""

import json
from collections.abc import Mapping
from typing import Final

from lienthong.exchange.domain.leases import DeliveryNotFound
from lienthong.exchange.domain.vxp.call import CallRefused, HeaderNotASCII
from lienthong.exchange.domain.vxp.files import FileHashMismatch
from lienthong.exchange.domain.vxp.operations import Operation
from lienthong.exchange.errors import (
    AgencyNotServed,
    DocumentNotFound,
    NoKnownRecipient,
    SenderNotAllowed,
    SenderUnknown,
    SignatureInvalid,
)
from lienthong.shared.edxml.errors import EdXMLInvalid, MediaTypeUnknown
from lienthong.shared.errors import InvalidInput, LienthongError, TooLarge

OK: Final = "OK"
FAIL: Final = "FAIL"
SUCCESS: Final = "0"
INVALID_FILE, WRONG_SYSTEM, NO_RECEIVER, NO_SENDER = "10", "15", "18", "19"
SYSTEM_ERROR, PROCESSING_ERROR, WRONG_FORMAT = "20", "21", "22"
"""Codes as provincial front ends of the national platform give them."""
INTERNAL: Final = "An error inside the node; its operators see it. Try again later."

_CODES: Final[tuple[tuple[tuple[type[LienthongError], ...], str], ...]] = (
    ((CallRefused, HeaderNotASCII), WRONG_SYSTEM),
    ((NoKnownRecipient,), NO_RECEIVER),
    ((SenderUnknown, SenderNotAllowed, AgencyNotServed), NO_SENDER),
    ((FileHashMismatch, TooLarge), INVALID_FILE),
    ((EdXMLInvalid, MediaTypeUnknown), WRONG_FORMAT),
    ((SignatureInvalid, DocumentNotFound, DeliveryNotFound, InvalidInput), PROCESSING_ERROR),
)


def succeeded(**members: object) -> dict[str, object]:
    """The envelope of a success with what else it says."""
    return {"status": OK, "ErrorCode": SUCCESS, "ErrorDesc": "", **members}


def opening(last: str) -> bytes:
    """The start of the envelope of a success, up to the text of its member ``last``, which is written in pieces."""
    return json.dumps(succeeded(**{last: ""}), separators=(",", ":")).encode().removesuffix(b'"}')


def failed(operation: Operation | None, error: LienthongError | None) -> dict[str, object]:
    """The envelope of a failure; ``error`` None: nobody foresaw it, and it shows nothing.

    For ``sendEdoc`` with an empty ``DocId``: without one the SDK throws before it shows what went wrong.
    """
    code, text = (SYSTEM_ERROR, INTERNAL) if error is None else (error_code(error), f"{error.detail} [{error.code}]")
    document: Mapping[str, str] = {"DocId": ""} if operation in (Operation.SEND_EDOC, None) else {}
    return {"status": FAIL, "ErrorCode": code, "ErrorDesc": text, **document}


def error_code(error: LienthongError) -> str:
    """The code of the national platform for ``error``."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), SYSTEM_ERROR)
