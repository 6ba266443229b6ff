"""Blobs: immutable packages addressed by SHA-256, in a folder or in any S3 (``obstore``)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from lienthong.shared.errors import NotFound, Unavailable
from lienthong.shared.identifiers import Sha256

CHUNK_BYTES = 1024 * 1024
"""The largest piece in which blobs are read and written: memory is bounded whatever the size of a package."""


class BlobMissing(NotFound):
    """No blob has that digest here."""

    code = "package-not-here"
    title = "The package is not stored here"


class BlobStoreUnavailable(Unavailable):
    """The store cannot be reached, or is full."""

    code = "blob-store-unavailable"
    title = "The package store is away"


class BlobStore(Protocol):
    """Where packages live. Every method may raise :class:`BlobStoreUnavailable`; adopting, ``InsufficientStorage``."""

    async def adopt(self, spooled: Path, sha256: Sha256) -> None:
        """Stores the file under its digest and removes it. Durable (fsync) on return; repeating it is harmless."""

    async def size(self, sha256: Sha256) -> int:
        """Bytes of the blob. Raises :class:`BlobMissing`."""

    def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes ``start`` (inclusive) to ``end`` (exclusive; None: all), in pieces. Raises :class:`BlobMissing`."""

    async def delete(self, sha256: Sha256) -> None:
        """Removes the blob, if it is there."""
