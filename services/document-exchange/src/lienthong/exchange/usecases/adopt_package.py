"""Stores a package before the transaction that names it, and takes it away again if that is refused."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lienthong.exchange.storage.documents import is_referenced
from lienthong.shared.blobs import BlobStore
from lienthong.shared.database import Database
from lienthong.shared.errors import LienthongError, Unavailable
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile


def was_refused(error: Exception) -> bool:
    """Whether ``error`` says for certain that nothing was committed.

    After anything else, a cancellation too, the commit may have happened or may still happen; a package that nothing
    names costs room, one that is missing is a lost document.
    """
    return isinstance(error, LienthongError) and not isinstance(error, Unavailable)


class Adoptions:
    """The packages that this process has stored and not yet named in the database.

    A package belongs to every document with the same bytes, so it is removed only when no document has it and nobody
    else in this process is about to.
    """

    def __init__(self, blobs: BlobStore, database: Database) -> None:
        self._blobs = blobs
        self._database = database
        self._holders: Counter[Sha256] = Counter()
        self._locks: dict[Sha256, asyncio.Lock] = {}

    @asynccontextmanager
    async def adopted(self, spooled: SpooledFile) -> AsyncIterator[None]:
        """Inside, the package is durable. It goes again only if a rule refuses it there: see :func:`was_refused`."""
        await self.adopt(spooled)
        refused = False
        try:
            yield
        except Exception as error:
            refused = was_refused(error)
            raise
        finally:
            await self.release(spooled.sha256, keep=not refused)

    async def adopt(self, spooled: SpooledFile) -> None:
        """Makes the package durable; :meth:`release` must follow."""
        sha256 = spooled.sha256
        self._holders[sha256] += 1
        try:
            async with self._lock(sha256):
                await self._blobs.adopt(spooled.path, sha256)
        except BaseException:
            await self.release(sha256, keep=True)
            raise

    async def release(self, sha256: Sha256, *, keep: bool) -> None:
        """Ends one :meth:`adopt`. Unless ``keep``, the package goes if nothing names it."""
        try:
            if not keep:
                await self._drop_orphan(sha256)
        finally:
            self._holders[sha256] -= 1
            if not self._holders[sha256]:
                del self._holders[sha256]
                self._locks.pop(sha256, None)

    async def _drop_orphan(self, sha256: Sha256) -> None:
        async with self._lock(sha256):
            async with self._database.read() as connection:
                referenced = await is_referenced(connection, sha256)
            if not referenced and self._holders[sha256] == 1:
                await self._blobs.delete(sha256)

    def _lock(self, sha256: Sha256) -> asyncio.Lock:
        return self._locks.setdefault(sha256, asyncio.Lock())
