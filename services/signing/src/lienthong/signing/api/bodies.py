"""Bodies that FastAPI does not read for us: bounded JSON in memory, files in the spool."""

import os
from collections.abc import AsyncIterator
from email.message import Message
from pathlib import Path
from typing import BinaryIO, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from lienthong.shared.problems import InvalidRequest
from lienthong.shared.spooling import PackageTooLarge, SpooledFile, spool
from lienthong.signing.usecases.resources import Resources

MAX_JSON_BYTES = 128 * 1024
"""64 KiB in base64, and the rest of a signature request."""
PIECE_BYTES = 256 * 1024

Shape = TypeVar("Shape", bound=BaseModel)


def media_type_of(request: Request) -> str:
    """The media type of the body without its parameters, lower-case; empty when there is none."""
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    return header.get_content_type() if header["Content-Type"] else ""


async def read_bytes(request: Request, *, limit_bytes: int) -> bytes:
    """The body in memory. Raises :class:`PackageTooLarge`."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit_bytes:
            raise PackageTooLarge(f"The body has at most {limit_bytes} bytes.", facts={"limit_bytes": limit_bytes})
    return bytes(content)


async def read_json(request: Request, shape: type[Shape]) -> Shape:
    """The JSON body.

    Raises:
        PackageTooLarge: More than 128 KiB.
        InvalidRequest: Not JSON, or not of that shape.
    """
    content = await read_bytes(request, limit_bytes=MAX_JSON_BYTES)
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        fields = [".".join(str(part) for part in one["loc"]) or "body" for one in error.errors(include_url=False)]
        raise InvalidRequest(f"Not valid: {', '.join(fields[:20])}.", facts={"errors": fields[:20]}) from error


async def spool_body(request: Request, resources: Resources, *, limit_bytes: int) -> SpooledFile:
    """The body in a file of the spool; the caller removes it. See :func:`~lienthong.shared.spooling.spool`."""
    declared = request.headers.get("content-length", "")
    return await spool(
        request.stream(),
        resources.settings.spool_dir,
        limit_bytes=limit_bytes,
        declared_length=int(declared) if declared.isascii() and declared.isdigit() else None,
    )


def open_and_unlink(path: Path) -> BinaryIO:
    """Opens a file and removes its name: whatever happens next, nothing stays on the disk."""
    opened = path.open("rb")
    path.unlink()
    return opened


async def pieces_of(opened: BinaryIO) -> AsyncIterator[bytes]:
    """The content of a file in pieces, which is closed at the end; pieces come from the page cache."""
    try:
        while piece := opened.read(PIECE_BYTES):
            yield piece
    finally:
        opened.close()


def size_of(opened: BinaryIO) -> int:
    """Bytes of an open file."""
    return os.fstat(opened.fileno()).st_size
