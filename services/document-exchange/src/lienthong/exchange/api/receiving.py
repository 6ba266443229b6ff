"""Bodies of submissions land in the spool: hashed while they are written, within the limits, never whole in memory."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from lienthong.exchange.errors import SubmissionMalformed
from lienthong.exchange.usecases.build_package import Draft, DraftFile
from lienthong.exchange.usecases.process import Process
from lienthong.shared.disk_space import Room
from lienthong.shared.edxml.model import DocumentHeader
from lienthong.shared.problems import MAX_REPORTED_FIELDS
from lienthong.shared.spooling import (
    BodyTruncated,
    PackageTooLarge,
    SpooledFile,
    check_declared_length,
    disk_refusals,
    spool,
)

MAX_FILES = 100
"""Files in one multipart submission."""
MAX_HEADER_BYTES = 1024 * 1024
"""The JSON header of a multipart submission."""
PIECE_BYTES = 256 * 1024
DRAFT_COPIES = 4
"""A multipart body on the disk: its files, and the package in base64 without and with its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where incoming bodies go, and how long they may be."""

    directory: Path
    limit_bytes: int
    room: Room

    @classmethod
    def of(cls, process: Process) -> "Limits":
        """Those of a node."""
        settings = process.settings
        return cls(directory=settings.spool_dir, limit_bytes=settings.max_package_bytes, room=process.room)

    def check(self, headers: Mapping[str, str], *, copies: int = 1) -> int | None:
        """The declared length, for which there is room. Raises :class:`PackageTooLarge`, ``InsufficientStorage``."""
        length = declared_length(headers)
        check_declared_length(length, limit_bytes=self.limit_bytes)
        self.room.require(copies * (length or 0))
        return length


async def receive_package(request: Request, limits: Limits) -> SpooledFile:
    """The body as it is. Raises as :func:`~lienthong.shared.spooling.spool`, before a byte is read where it can."""
    length = limits.check(request.headers)
    return await spool(pieces_of(request), limits.directory, limit_bytes=limits.limit_bytes, declared_length=length)


@asynccontextmanager
async def receive_draft(request: Request, limits: Limits) -> AsyncIterator[Draft]:
    """The header and the files of a ``multipart/form-data`` body; the files are gone at the end.

    Raises:
        SubmissionMalformed: The parts do not add up.
        PackageTooLarge, BodyTruncated, InsufficientStorage, SpoolUnavailable: As for any body.
    """
    limits.check(request.headers, copies=DRAFT_COPIES)
    pieces = limited(pieces_of(request), limits.limit_bytes)
    parser = MultiPartParser(request.headers, pieces, max_files=MAX_FILES, max_fields=1, max_part_size=MAX_HEADER_BYTES)
    try:
        with disk_refusals():
            form = await parser.parse()
    except MultiPartException as error:
        raise SubmissionMalformed(f"The multipart body cannot be read: {error.message}") from error
    async with AsyncExitStack() as stack:
        stack.push_async_callback(form.close)
        header = await _header(form)
        files = [await _draft_file(part, limits, stack) for part in form.getlist("file")]
        yield Draft(header=header, files=tuple(files))


def declared_length(headers: Mapping[str, str]) -> int | None:
    """``Content-Length``; None: the body comes in chunks."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


async def pieces_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises :class:`BodyTruncated`."""
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect as error:
        raise BodyTruncated("The connection broke before the whole body had arrived.") from error


async def limited(pieces: AsyncIterator[bytes], limit_bytes: int) -> AsyncGenerator[bytes, None]:
    """``pieces``, and :class:`PackageTooLarge` once they are more than ``limit_bytes``."""
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit_bytes:
            raise PackageTooLarge(
                f"The body is longer than the {limit_bytes} bytes that are taken.",
                facts={"limit_bytes": limit_bytes},
            )
        yield piece


async def _header(form: FormData) -> DocumentHeader:
    unknown = set(form) - {"header", "file"}
    part = form.get("header")
    if part is None or unknown:
        raise SubmissionMalformed(
            "Send one part 'header' (JSON) and parts 'file', nothing else.", facts={"unknown_parts": sorted(unknown)}
        )
    text = await part.read(MAX_HEADER_BYTES + 1) if isinstance(part, UploadFile) else part.encode()
    if len(text) > MAX_HEADER_BYTES:
        raise SubmissionMalformed("The part 'header' is too long.", facts={"limit_bytes": MAX_HEADER_BYTES})
    try:
        return DocumentHeader.model_validate_json(text)
    except ValidationError as error:
        details = json.loads(error.json(include_url=False, include_input=False, include_context=False))
        fields = [{"field": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in details]
        raise SubmissionMalformed(
            "The part 'header' does not have the form of a document's header.",
            facts={"fields": fields[:MAX_REPORTED_FIELDS]},
        ) from error


async def _draft_file(part: object, limits: Limits, stack: AsyncExitStack) -> DraftFile:
    if not isinstance(part, UploadFile) or not part.filename:
        raise SubmissionMalformed("A part 'file' needs a filename.")
    spooled = await spool(_read(part), limits.directory, limit_bytes=limits.limit_bytes)
    stack.enter_context(spooled)
    return DraftFile(spooled=spooled, name=part.filename, content_type=part.content_type or "")


async def _read(part: UploadFile) -> AsyncIterator[bytes]:
    while piece := await part.read(PIECE_BYTES):
        yield piece
