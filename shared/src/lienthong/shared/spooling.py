"""Bodies of any size land in a file, hashed while they are written; memory stays within one piece."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lienthong.shared.errors import InvalidInput, TooLarge, Unavailable
from lienthong.shared.identifiers import Sha256


class PackageTooLarge(TooLarge):
    """The body is, or declares itself, larger than this service takes."""

    code = "package-too-large"
    title = "The package is too large"


class BodyTruncated(InvalidInput):
    """The body ended before its declared length."""

    code = "body-truncated"
    title = "The body ended too early"


class SpoolUnavailable(Unavailable):
    """The disk that holds incoming bodies is full or away."""

    code = "spool-unavailable"
    title = "No room for incoming documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledFile:
    """A received body. As a context manager it removes the file at the end, if nobody has adopted it."""

    path: Path
    size: int
    sha256: Sha256

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)


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

    Pieces are small and go to the page cache, so they are written on the event loop; ``BlobStore.adopt`` makes them
    durable.

    Raises:
        PackageTooLarge: More than ``limit_bytes``, declared or real.
        BodyTruncated: Fewer bytes than declared.
        SpoolUnavailable: The disk refused.
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
            raise SpoolUnavailable("There is no room for incoming documents now. Try again later.") from error
        raise
    return SpooledFile(path=path, size=size, sha256=digest)


async def _write(stream: AsyncIterable[bytes], descriptor: int, *, limit_bytes: int) -> tuple[int, Sha256]:
    size = 0
    digest = hashlib.sha256()
    with os.fdopen(descriptor, "wb") as out:
        async for piece in stream:
            size += len(piece)
            if size > limit_bytes:
                raise PackageTooLarge(
                    f"The body is longer than the {limit_bytes} bytes that are taken.",
                    facts={"limit_bytes": limit_bytes},
                )
            digest.update(piece)
            out.write(piece)
    return size, Sha256(digest.hexdigest())
