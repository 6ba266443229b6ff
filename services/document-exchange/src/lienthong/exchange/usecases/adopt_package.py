"""Stores a package before the transaction that names it. The only way in; only retention takes packages away.

Deletion and adoption of the same bytes may meet in two processes. They meet at the package's row in
``package_removals``:

1. Adopting takes a mark away *before* the bytes are stored, and waits for a deletion that is under way: afterwards
   nothing is deleted that was not marked since, and a mark rests for a day.
2. The transaction that names the package takes away, and so locks, a mark that was made meanwhile
   (:func:`~..usecases.store_documents.store_documents`). If the bytes are gone, whatever took a day between the two,
   it fails with :class:`PackageRemoved` and the package is adopted anew.
"""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.domain.retention import RemovalReason
from lienthong.exchange.storage.documents import is_referenced
from lienthong.exchange.storage.removals import clear_mark, clear_removals, find_removals, mark_removals
from lienthong.shared.blobs import BlobStore
from lienthong.shared.database import Database
from lienthong.shared.errors import LienthongError, Unavailable
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile


def was_refused(error: Exception) -> bool:
    """Whether ``error`` says for certain that nothing was committed.

    After anything else, a cancellation too, the commit may have happened or may still happen.
    """
    return isinstance(error, LienthongError) and not isinstance(error, Unavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoptions:
    """Puts packages into the store of one node."""

    blobs: BlobStore
    database: Database

    @asynccontextmanager
    async def adopted(self, spooled: SpooledFile, *, now: datetime) -> AsyncIterator[None]:
        """Inside, the package is durable. If a rule refuses it there, it is left to retention."""
        await self.adopt(spooled)
        try:
            yield
        except Exception as error:
            if was_refused(error):
                await self.give_up(spooled.sha256, now=now)
            raise

    async def adopt(self, spooled: SpooledFile) -> None:
        """Makes the package durable."""
        sha256 = spooled.sha256
        async with self.database.read() as connection:
            removals = await find_removals(connection, [sha256])
        if removals:  # before the bytes are stored: what is under way ends first, and the mark no longer counts
            async with self.database.begin() as connection:
                await clear_mark(connection, sha256)
        await self.blobs.adopt(spooled.path, sha256)
        if (
            removals
        ):  # after them: a power cut in between must not leave documents whose package is neither there nor gone
            async with self.database.begin() as connection:
                await clear_removals(connection, [sha256])

    async def give_up(self, sha256: Sha256, *, now: datetime) -> None:
        """Marks a package that was refused, if no document has it; what cannot be marked now, the sweep finds."""
        with contextlib.suppress(Unavailable):
            async with self.database.begin() as connection:
                if not await is_referenced(connection, sha256):
                    await mark_removals(connection, [sha256], RemovalReason.ORPHAN, now=now)
