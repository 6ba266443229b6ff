"""Request bodies that stream from disk, know their length, report progress, and can be sent again."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from lienthong.sdk.errors import FileUnreadable

Progress = Callable[[int, int | None], None]
"""Called with bytes done so far and bytes in all (None: not known). A new try starts again from a lower number."""
CHUNK_BYTES = 256 * 1024
"""Bytes read from disk at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Pieces of bytes and files, sent one after the other."""

    pieces: tuple[bytes | Path, ...]
    length: int
    content_type: str

    @classmethod
    def of(cls, pieces: Sequence[bytes | Path], *, content_type: str) -> "Body":
        """A body of these pieces, measured now. Raises :class:`FileUnreadable`."""
        return cls(pieces=tuple(pieces), length=sum(map(_size, pieces)), content_type=content_type)

    async def sha256(self) -> str:
        """The digest of all the bytes; reads the files once."""
        digest = hashlib.sha256()
        async for chunk in self.stream():
            await asyncio.to_thread(digest.update, chunk)
        return digest.hexdigest()

    async def stream(self, progress: Progress | None = None) -> AsyncIterator[bytes]:
        """The bytes, from the beginning."""
        done = 0
        for piece in self.pieces:
            async for chunk in _chunks(piece):
                yield chunk
                done += len(chunk)
                if progress is not None:
                    progress(done, self.length)


def multipart(header: dict[str, Any], files: Sequence[Path]) -> Body:
    """A ``multipart/form-data`` body: part ``header`` in JSON, then one part ``file`` each. Source: RFC 7578."""
    boundary = uuid4().hex
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    pieces: list[bytes | Path] = [
        f'{head}"header"\r\nContent-Type: application/json\r\n\r\n{json.dumps(header, ensure_ascii=False)}\r\n'.encode()
    ]
    for file in files:
        name = file.name.replace('"', "%22")
        disposition = f'"file"; filename="{name}"; filename*=UTF-8\'\'{quote(file.name)}'
        pieces += [f"{head}{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode(), file, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Body.of(pieces, content_type=f"multipart/form-data; boundary={boundary}")


def _size(piece: bytes | Path) -> int:
    if isinstance(piece, bytes):
        return len(piece)
    try:
        return piece.stat().st_size
    except OSError as error:
        raise FileUnreadable(f"The file {piece} cannot be read.") from error


async def _chunks(piece: bytes | Path) -> AsyncIterator[bytes]:
    if isinstance(piece, bytes):
        for start in range(0, len(piece), CHUNK_BYTES):
            yield piece[start : start + CHUNK_BYTES]
        return
    with await asyncio.to_thread(piece.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
