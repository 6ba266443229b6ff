"""Blobs: immutable packages addressed by SHA-256, in a folder or in any S3 (``obstore``)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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


LISTED_AT_ONCE = 500
"""Blobs in one piece of a listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlob:
    """A blob as the store lists it; ``modified_at``: when it was adopted last."""

    sha256: Sha256
    size: int
    modified_at: datetime


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

    def listing(self, prefix: str) -> AsyncIterator[Sequence[StoredBlob]]:
        """Every blob whose digest begins with ``prefix`` (two hexadecimal digits), in no order, some at a time."""

    async def sweep(self, before: datetime) -> int:
        """Removes what broken adoptions left behind before then; how many files that were."""
