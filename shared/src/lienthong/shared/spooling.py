"""Bodies of any size land in a file, hashed while they are written; memory stays within a few pieces."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lienthong.shared.disk_space import InsufficientStorage, is_full
from lienthong.shared.errors import InvalidInput, TooLarge, Unavailable
from lienthong.shared.identifiers import Sha256

WRITTEN_BYTES: Final = 1024 * 1024
"""What is gathered before it goes to a thread to be hashed and written: a millisecond's work."""


class PackageTooLarge(TooLarge):
    """The body is, or declares itself, larger than this service takes."""

    code = "package-too-large"
    title = "The package is too large"


class BodyTruncated(InvalidInput):
    """The body ended before its declared length."""

    code = "body-truncated"
    title = "The body ended too early"


class SpoolUnavailable(Unavailable):
    """The disk that holds incoming bodies is away."""

    code = "spool-unavailable"
    title = "The disk for incoming documents is away"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledFile:
    """A received body. As a context manager it removes the file at the end, if nobody has adopted it.

    ``lock``: an open file whose lock keeps others from the path until then.
    """

    path: Path
    size: int
    sha256: Sha256
    lock: FileIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)
        if self.lock is not None:
            self.lock.close()


def check_declared_length(declared_length: int | None, *, limit_bytes: int) -> None:
    """Refuses a body by its ``Content-Length`` before a byte of it is read.

    Raises:
        PackageTooLarge: It is over ``limit_bytes``.
    """
    if declared_length is not None and declared_length > limit_bytes:
        raise PackageTooLarge(
            f"The body declares {declared_length} bytes; at most {limit_bytes} are taken.",
            facts={"limit_bytes": limit_bytes, "declared_bytes": declared_length},
        )


async def spool(
    stream: AsyncIterable[bytes], directory: Path, *, limit_bytes: int, declared_length: int | None = None
) -> SpooledFile:
    """Writes ``stream`` into a fresh file of ``directory``; removes it again on any failure.

    Nothing is durable yet: ``BlobStore.adopt`` makes it so.

    Raises:
        PackageTooLarge: More than ``limit_bytes``, declared or real.
        BodyTruncated: Fewer bytes than declared.
        InsufficientStorage: The disk is full.
        SpoolUnavailable: It refused for another reason.
    """
    check_declared_length(declared_length, limit_bytes=limit_bytes)
    path: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=directory, prefix="incoming-")
        path = Path(name)
        size, digest = await _write(stream, descriptor, limit_bytes=limit_bytes)
        if declared_length is not None and size != declared_length:
            raise BodyTruncated(
                f"{declared_length} bytes were declared and {size} arrived. Send the document again.",
                facts={"declared_bytes": declared_length, "received_bytes": size},
            )
    except BaseException as error:
        if path is not None:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise refused_by_disk(error) from error
        raise
    return SpooledFile(path=path, size=size, sha256=digest)


def refused_by_disk(error: OSError) -> Unavailable:
    """What a failed write means to a client."""
    if is_full(error):
        return InsufficientStorage("The disk of this node is full; try again later.")
    return SpoolUnavailable("The disk for incoming documents does not answer. Try again later.")


@contextmanager
def disk_refusals() -> Iterator[None]:
    """Inside, a failed write is told as :func:`refused_by_disk` says."""
    try:
        yield
    except OSError as error:
        raise refused_by_disk(error) from error


async def gathered(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least :data:`WRITTEN_BYTES`, but for the last; a failure comes after them all."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in stream:
            pieces.append(piece)
            size += len(piece)
            if size >= WRITTEN_BYTES:
                yield b"".join(pieces)
                pieces, size = [], 0
    except Exception:
        if pieces:
            yield b"".join(pieces)
        raise
    if pieces:
        yield b"".join(pieces)


async def off_the_loop(take: Callable[[bytes], object], piece: bytes) -> None:
    """Calls ``take``, in a thread if the piece is a large one; it has returned when this ends, cancelled or not."""
    if len(piece) < WRITTEN_BYTES:
        take(piece)
        return
    work = asyncio.ensure_future(asyncio.to_thread(take, piece))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise


async def _write(stream: AsyncIterable[bytes], descriptor: int, *, limit_bytes: int) -> tuple[int, Sha256]:
    size = 0
    digest = hashlib.sha256()

    def take(piece: bytes) -> None:
        digest.update(piece)
        out.write(piece)

    with os.fdopen(descriptor, "wb") as out:
        async for piece in gathered(stream):
            size += len(piece)
            if size > limit_bytes:
                raise PackageTooLarge(
                    f"The body is longer than the {limit_bytes} bytes that are taken.",
                    facts={"limit_bytes": limit_bytes},
                )
            await off_the_loop(take, piece)
    return size, Sha256(digest.hexdigest())
