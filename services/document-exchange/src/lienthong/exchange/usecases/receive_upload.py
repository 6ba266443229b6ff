"""Takes an upload's bytes, in any number of requests, over kills of either side.

What a power cut does: the row says how many bytes were durable, never more; what the file has beyond that is cut off
before the next byte is written. A killed process loses at most :data:`SYNCED_BYTES` that the client then sends again.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lienthong.exchange.domain.uploads import (
    Checksum,
    Upload,
    UploadMalformed,
    busy,
    expiry,
    no_such_upload,
    require_few,
    require_offset,
)
from lienthong.exchange.storage.uploads import (
    add_upload,
    find_upload,
    move_upload,
    open_uploads,
    outstanding_bytes,
    remove_uploads,
)
from lienthong.exchange.usecases.drain_node import require_taking
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.partial_file import lock_file, write_all
from lienthong.shared.spooling import BodyTruncated, disk_refusals, gathered, off_the_loop

if TYPE_CHECKING:
    from hashlib import _Hash

SYNCED_BYTES: Final = 64 * 1024 * 1024
"""After so many bytes they are made durable and the row says so."""
SILENCE: Final = timedelta(seconds=30)
"""A client that sends nothing for so long is taken for gone: its next request need not wait for this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """The bytes of one request. ``length``: as declared, None: not; ``offset``: where they belong."""

    offset: int
    length: int | None
    pieces: AsyncIterable[bytes]
    checksum: Checksum | None


def path_of(upload_id: str, process: Process) -> Path:
    """Where an upload's bytes are."""
    return process.settings.uploads_dir / upload_id


async def begin_upload(client_id: str, process: Process, *, size: int, media_type: str, metadata: str) -> Upload:
    """A new upload without bytes.

    Raises:
        TooManyUploads: The client has enough of them.
        InsufficientStorage: It would not fit beside what other uploads are still to bring.
        NodeDraining: The node takes nothing new in; uploads that are under way go on.
    """
    now = process.clock()
    upload = Upload(
        id=new_uuid(),
        client_id=client_id,
        media_type=media_type,
        metadata=metadata,
        size=size,
        offset=0,
        sha256=None,
        created_at=now,
        expires_at=expiry(now, now=now),
        is_consumed=False,
    )
    async with process.database.begin() as connection:
        await require_taking(connection)
        require_few(await open_uploads(connection, client_id))
        process.room.require(size + await outstanding_bytes(connection))
        await add_upload(connection, upload)
    return upload


async def see_upload(upload_id: str, client_id: str, process: Process) -> Upload:
    """The upload, its offset that of bytes which are there. Raises :class:`UploadNotFound`."""
    async with process.database.read() as connection:
        upload = await find_upload(connection, upload_id)
    if upload is None or upload.client_id != client_id or upload.expires_at <= process.clock():
        raise no_such_upload()
    if upload.is_consumed:
        return upload
    present = await asyncio.to_thread(_size, path_of(upload_id, process))
    return replace(upload, offset=min(upload.offset, present))


async def append_to_upload(upload_id: str, client_id: str, process: Process, *, arriving: Arriving) -> Upload:
    """Takes the bytes of one request; what came before a failure stays, unless a checksum was to cover it.

    Raises:
        UploadNotFound: It is not the client's.
        UploadBusy: Another request writes to it.
        UploadOffsetMismatch: The bytes belong elsewhere.
        UploadMalformed: They are more than the upload declares.
        UploadChecksumMismatch: They are others than the checksum says.
        BodyTruncated: The connection broke, or the client fell silent.
        InsufficientStorage: They do not fit.
    """
    async with held_upload(upload_id, client_id, process) as (upload, file):
        require_offset(upload, arriving.offset)
        if upload.is_complete:
            return upload
        if arriving.length is not None and arriving.length > upload.size - upload.offset:
            raise UploadMalformed(f"The upload has {upload.size} bytes; this request would make it longer.")
        process.room.require(arriving.length or 0)
        writing = _Writing(upload=upload, file=file, process=process, checksum=arriving.checksum)
        return await writing.take_all(arriving.pieces)


async def end_upload(upload_id: str, client_id: str, process: Process) -> None:
    """Forgets the upload and its bytes. Raises :class:`UploadNotFound`, :class:`UploadBusy`."""
    async with held_upload(upload_id, client_id, process):
        async with process.database.begin() as connection:
            await remove_uploads(connection, [upload_id])
        await asyncio.to_thread(path_of(upload_id, process).unlink, missing_ok=True)


@asynccontextmanager
async def held_upload(upload_id: str, client_id: str, process: Process) -> AsyncIterator[tuple[Upload, FileIO]]:
    """The upload as it stands and its file, both for this request alone. Raises as :func:`see_upload`; UploadBusy."""
    await see_upload(upload_id, client_id, process)
    path = path_of(upload_id, process)
    with disk_refusals():
        file = await asyncio.to_thread(lock_file, path)
    if file is None:
        raise busy()
    with file:
        try:
            yield await see_upload(upload_id, client_id, process), file
        finally:
            if file.seek(0, os.SEEK_END) == 0:
                path.unlink(missing_ok=True)


class _Writing:
    """Bytes on their way into one upload's file."""

    def __init__(self, *, upload: Upload, file: FileIO, process: Process, checksum: Checksum | None) -> None:
        self._upload = upload
        self._file = file
        self._process = process
        self._checksum = checksum
        self._hash: _Hash = checksum.begin() if checksum else hashlib.sha256()
        self._offset = upload.offset

    async def take_all(self, pieces: AsyncIterable[bytes]) -> Upload:
        await asyncio.to_thread(self._cut)
        try:
            with disk_refusals():
                async for piece in gathered(_patiently(pieces)):
                    await self._take(piece)
        except Exception:
            if self._checksum is None:
                await self._note()
            raise
        if self._checksum is not None:
            self._checksum.require(self._hash)
        return await self._note()

    def _cut(self) -> None:
        """What is beyond the durable bytes may be anything after a power cut."""
        self._file.truncate(self._offset)
        self._file.seek(self._offset)

    async def _take(self, piece: bytes) -> None:
        if self._offset + len(piece) > self._upload.size:
            raise UploadMalformed(f"The body goes beyond the {self._upload.size} bytes of the upload.")
        await off_the_loop(self._write, piece)
        if self._checksum is None and self._offset - self._upload.offset >= SYNCED_BYTES:
            await self._note()

    def _write(self, piece: bytes) -> None:
        write_all(self._file, piece)
        if self._checksum is not None:
            self._hash.update(piece)
        self._offset += len(piece)

    async def _note(self) -> Upload:
        """Makes the bytes durable, then says so."""
        with disk_refusals():
            await asyncio.to_thread(os.fdatasync, self._file.fileno())
        expires_at = expiry(self._upload.created_at, now=self._process.clock())
        async with self._process.database.begin() as connection:
            await move_upload(connection, self._upload.id, offset=self._offset, expires_at=expires_at)
        self._upload = replace(self._upload, offset=self._offset, expires_at=expires_at)
        return self._upload


async def _patiently(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    iterator = aiter(pieces)
    while True:
        try:
            async with asyncio.timeout(SILENCE.total_seconds()):
                piece = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise BodyTruncated("Nothing came for too long. Ask with HEAD where the upload stands.") from error
        yield piece


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
