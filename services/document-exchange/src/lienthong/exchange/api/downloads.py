"""Sends bytes of any size in pieces, with ranges, entity tags, digests and names in any script."""

import asyncio
import base64
import unicodedata
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from lienthong.exchange.domain.byte_ranges import RangeNotSatisfiable, is_unchanged, requested_range
from lienthong.exchange.usecases.export_evidence import ExportedEvidence
from lienthong.exchange.usecases.open_attachment import OpenAttachment
from lienthong.exchange.usecases.open_package import OpenPackage
from lienthong.shared.edxml.limits import READ_CHUNK_BYTES
from lienthong.shared.edxml.media_types import ASICE
from lienthong.shared.edxml.model import AttachmentIndex
from lienthong.shared.identifiers import NodeId, Sha256
from lienthong.shared.problems import problem_response, problem_responses

HARMLESS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
}
"""What others wrote is saved, never shown: no guessing of types, no scripts, and access is checked every time."""
_SHOWABLE = (
    "application/pdf",
    "application/msword",
    "application/rtf",
    "application/vnd.",
    "application/zip",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "text/plain",
)
"""Types that carry no script of the page's origin; others go out as plain bytes."""
_BYTES: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
DOWNLOAD_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": _BYTES},
    304: {"description": "If-None-Match names these bytes: you have them"},
}
RANGE_RESPONSES: dict[int | str, dict[str, Any]] = {
    **DOWNLOAD_RESPONSES,
    206: {"description": "The range that was asked for", "content": _BYTES},
    416: {**problem_responses(RangeNotSatisfiable)[400], "description": "The range lies beyond the end"},
}

EVIDENCE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The evidence file",
        "content": {ASICE: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Evidence-Complete": {
                "description": "`false` while a log is not time-stamped and witnessed, or a node was away",
                "schema": {"type": "string", "enum": ["true", "false"]},
            },
            "Retry-After": {"description": "Seconds; only when incomplete", "schema": {"type": "integer"}},
        },
    },
}
EVIDENCE_RETRY_S = 60
"""When to ask again for an evidence file that is not complete: logs are stamped and witnessed about every minute."""


async def send_package(request: Request, package: OpenPackage, *, hop: NodeId) -> Response:
    """The package, or the range of it that the request asks for; 416, named by ``hop``, for one beyond the end.

    Source: RFC 9110 section 14 (ranges), RFC 9530 (``Repr-Digest``), RFC 6266 (``Content-Disposition``).
    """
    etag = entity_tag(package.sha256)
    headers = {**describing(package.name, package.sha256), "Accept-Ranges": "bytes"}
    if is_unchanged(request.headers.get("if-none-match"), etag=etag):
        return Response(status_code=304, headers=headers)
    wanted, if_range = request.headers.get("range"), request.headers.get("if-range")
    try:
        part = requested_range(wanted, if_range=if_range, etag=etag, size=package.size)
    except RangeNotSatisfiable as error:
        return _beyond_the_end(request, error, hop=hop)
    if part is None:
        headers["Content-Length"] = str(package.size)
        pieces = await begun(package.read(0, package.size))
        return StreamingResponse(pieces, media_type=package.media_type, headers=headers)
    headers |= {"Content-Length": str(part.length), "Content-Range": part.content_range}
    pieces = await begun(package.read(part.start, part.end))
    return StreamingResponse(pieces, status_code=206, media_type=package.media_type, headers=headers)


async def send_attachment(request: Request, attachment: OpenAttachment) -> Response:
    """The attachment from its beginning: it is decoded on its way out, so it offers no ranges."""
    index = attachment.index
    headers = {**describing(index.name, index.sha256), "Accept-Ranges": "none"}
    if is_unchanged(request.headers.get("if-none-match"), etag=entity_tag(index.sha256)):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(index.size)
    return StreamingResponse(await begun(attachment.pieces), media_type=safe_type(index), headers=headers)


def send_evidence(exported: ExportedEvidence) -> Response:
    """The evidence file from its beginning: it is made anew for every request, so it offers no ranges."""
    headers = {
        **describing(exported.name, exported.sha256),
        "Accept-Ranges": "none",
        "Content-Length": str(exported.size),
        "Evidence-Complete": "true" if exported.is_complete else "false",
    }
    if not exported.is_complete:
        headers["Retry-After"] = str(EVIDENCE_RETRY_S)
    return StreamingResponse(_pieces(exported.content), media_type=ASICE, headers=headers)


async def _pieces(content: BinaryIO) -> AsyncIterator[bytes]:
    with content:
        await asyncio.to_thread(content.seek, 0)
        while piece := await asyncio.to_thread(content.read, READ_CHUNK_BYTES):
            yield piece


def _beyond_the_end(request: Request, error: RangeNotSatisfiable, *, hop: NodeId) -> Response:
    answer = problem_response(request, error, hop=hop, status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    answer.headers.update({"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"})
    return answer


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first one had already: what is missing is told before a 200 is promised."""
    first = await anext(pieces, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()


def describing(name: str, sha256: Sha256) -> dict[str, str]:
    """Headers of bytes that are known by their digest."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return {
        **HARMLESS,
        "ETag": entity_tag(sha256),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": disposition(name),
    }


def safe_type(index: AttachmentIndex) -> str:
    """The sniffed type, unless a browser might run it."""
    return index.content_type if index.content_type.startswith(_SHOWABLE) else "application/octet-stream"


def entity_tag(sha256: Sha256) -> str:
    """The strong entity tag: immutable bytes are known by their digest."""
    return f'"{sha256}"'


def disposition(name: str) -> str:
    """``Content-Disposition`` with the name twice: in ASCII for old clients, and whole. Source: RFC 6266, RFC 8187."""
    safe = "".join(char for char in name if unicodedata.category(char)[0] != "C").replace("/", "-").replace("\\", "-")
    safe = safe.strip(". ") or "attachment"
    bare = unicodedata.normalize("NFD", safe.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(char for char in bare if not unicodedata.combining(char))
    ascii_only = "".join(char if char.isascii() and char not in '"%' else "_" for char in plain)
    return f"attachment; filename=\"{ascii_only}\"; filename*=UTF-8''{quote(safe, safe='')}"
