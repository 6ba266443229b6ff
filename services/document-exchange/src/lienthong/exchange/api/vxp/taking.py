"""A document for the recipient's system, and what that system says of it."""

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from fastapi.responses import StreamingResponse

from lienthong.exchange.api.parameters import delivery_id
from lienthong.exchange.api.vxp.calling import Answer, Call
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.vxp.answers import opening
from lienthong.exchange.domain.vxp.operations import ParameterInvalid, status_named
from lienthong.exchange.usecases.open_as_edxml import EdXMLFile, open_as_edxml
from lienthong.exchange.usecases.settle_received import Word, document_of, settle_received
from lienthong.shared.edxml.media_types import EDXML

_WHOLE_GROUPS: Final = 3
"""Base64 is written in groups of three bytes; what is left over waits for the next piece."""


async def get_edoc(call: Call) -> Answer:
    """The document as base64 in the envelope, written while it is read."""
    stack, file = await _opened(call)
    return StreamingResponse(_in_envelope(file, stack), media_type="application/json")


async def download_edoc(call: Call) -> Answer:
    """The file itself."""
    stack, file = await _opened(call)
    headers = {"Content-Length": str(file.size)}
    return StreamingResponse(_closing(file.pieces, stack), media_type=EDXML, headers=headers)


async def update_status(call: Call) -> Answer:
    """``processing``, ``done`` or ``fail``: what the recipient's system made of the document."""
    status = status_named(call.parameter("status"))
    if status is None:
        raise ParameterInvalid("status is processing, done or fail.", facts={"parameter": "status"})
    word = Word(
        delivery=await delivery_id(call.parameter("docid")),
        status=status,
        description=call.parameter("description") if status is TransportStatus.FAIL else "",
        client_id=call.caller.client_id,
        agencies=call.caller.agencies(),
    )
    await settle_received(word, call.factory)
    return {}


async def _opened(call: Call) -> tuple[AsyncExitStack, EdXMLFile]:
    """The file of the delivery, or of the document that the system sent, which the call names."""
    named = await delivery_id(call.parameter("docId"))
    document = await document_of(named, call.factory, viewer=call.viewer)
    async with AsyncExitStack() as stack:
        file = await stack.enter_async_context(open_as_edxml(document, call.factory, viewer=call.viewer))
        return stack.pop_all(), file


async def _in_envelope(file: EdXMLFile, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    yield opening("data")
    rest = b""
    async for piece in _closing(file.pieces, stack):
        joined = rest + piece
        whole = len(joined) - len(joined) % _WHOLE_GROUPS
        rest = joined[whole:]
        yield base64.b64encode(joined[:whole])
    yield base64.b64encode(rest) + b'"}'


async def _closing(pieces: AsyncIterator[bytes], stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for piece in pieces:
            yield piece
