"""``sendEdoc``: the file as the SDK sends it, raw with a line end, or as the part ``file_doc`` of others."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from lienthong.exchange.api.receiving import Limits, limited, pieces_of
from lienthong.exchange.api.vxp.calling import Answer, Call
from lienthong.exchange.domain.vxp.files import LINE_END, FileHashMismatch, LineEndCutter, check_file_hash
from lienthong.exchange.errors import SubmissionMalformed
from lienthong.exchange.usecases.submit_document import Submission, submit_document
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile, spool

PART = "file_doc"
PIECE_BYTES = 256 * 1024
MAX_FIELDS = 20
"""Fields beside the file in a multipart body; they mean nothing."""
_ZIP = b"PK\x03\x04"


async def send_edoc(call: Call) -> Answer:
    """Takes a document or a status over. The same file again is answered as the first time: ``DocId`` is the same."""
    async with AsyncExitStack() as stack:
        spooled = await _received(call, stack)
        check_file_hash(call.parameter("hash-file"), spooled.sha256)
        return await submit_file(spooled, call)


async def submit_file(spooled: SpooledFile, call: Call) -> Answer:
    """Submits an edXML file, or a container: what it is, its first bytes say."""
    submission = Submission(
        spooled=spooled,
        media_type=_media_type(spooled),
        sender=call.sender,
        key=None,
        request_sha256=spooled.sha256,
    )
    submitted = await submit_document(submission, call.factory)
    return {"DocId": submitted.record.document_id}


async def _received(call: Call, stack: AsyncExitStack) -> SpooledFile:
    """The file, in the spool until the call is over.

    A body that ends with a line end may be a file of its own that ends so: the signed hash tells which.
    """
    content_type = call.request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        return stack.enter_context(await receive_part(call, stack))
    Limits.of(call.factory).check(call.request.headers)
    ending = LineEndCutter()
    spooled = stack.enter_context(await spool_for(_without_line_end(pieces_of(call.request), ending), call))
    if not ending.has_cut or _stands_for(call.parameter("hash-file"), spooled):
        return spooled
    with_end = await asyncio.to_thread(_with_line_end, spooled)
    return with_end if _stands_for(call.parameter("hash-file"), with_end) else spooled


async def receive_part(call: Call, stack: AsyncExitStack) -> SpooledFile:
    """The part ``file_doc``, in the spool."""
    limits = Limits.of(call.factory)
    limits.check(call.request.headers, copies=2)
    pieces = limited(pieces_of(call.request), limits.limit_bytes)
    parser = MultiPartParser(call.request.headers, pieces, max_files=1, max_fields=MAX_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise SubmissionMalformed(f"The multipart body cannot be read: {error.message}") from error
    stack.push_async_callback(form.close)
    part = form.get(PART)
    if not isinstance(part, UploadFile):
        raise SubmissionMalformed(f"Send the file as the part {PART}.")
    return await spool_for(_of_upload(part), call)


async def spool_for(pieces: AsyncIterator[bytes], call: Call) -> SpooledFile:
    """The file in the spool, within the node's limits."""
    limits = Limits.of(call.factory)
    return await spool(pieces, limits.directory, limit_bytes=limits.limit_bytes)


async def _without_line_end(pieces: AsyncIterator[bytes], cutter: LineEndCutter) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield cutter.feed(piece)
    yield cutter.finish()


async def _of_upload(part: UploadFile) -> AsyncIterator[bytes]:
    while piece := await part.read(PIECE_BYTES):
        yield piece


def _with_line_end(spooled: SpooledFile) -> SpooledFile:
    with spooled.path.open("ab") as file:
        file.write(LINE_END)
    with spooled.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SpooledFile(path=spooled.path, size=spooled.size + len(LINE_END), sha256=Sha256(digest))


def _stands_for(claimed: str, spooled: SpooledFile) -> bool:
    try:
        check_file_hash(claimed, spooled.sha256)
    except FileHashMismatch:
        return False
    return True


def _media_type(spooled: SpooledFile) -> str:
    with spooled.path.open("rb") as file:
        return ASICE if file.read(len(_ZIP)) == _ZIP else EDXML
