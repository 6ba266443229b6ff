"""Searches the directory by words or codes, with an index in memory that follows the database."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.search_index import MANY_CHANGES, Indexed, Search, SearchIndex
from lienthong.registry.storage import agencies, versions
from lienthong.registry.storage.agencies import AgencyQuery
from lienthong.registry.storage.consistent import consistent
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.database import Database

PATIENCE: Final = timedelta(milliseconds=500)
"""How long a search waits for the index that is being made; then the one of before answers."""


class AgencySearch:
    """Lists and searches agencies.

    The index is brought up to the directory's version before each search; while another search or the background
    makes it anew, which takes seconds for the nation after a great act, the one of before answers.

    Args:
        database: The registry's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._index: SearchIndex | None = None
        self._version = -1

    async def search(self, query: AgencyQuery) -> list[AgencyEntry]:
        """One page of agencies, by code. Without text: all that fit the other conditions."""
        if not query.text.strip():
            async with self._database.read() as connection:
                return await agencies.search(connection, query)
        index = await self._current()
        async with self._database.read() as connection:
            among = None if query.parent is None else await agencies.children_codes(connection, query.parent)
            found = index.find(
                Search(
                    text=query.text,
                    level=query.level,
                    status=query.status,
                    among=among,
                    after=query.after,
                    limit=query.limit,
                )
            )
            return await agencies.with_codes(connection, found)

    async def refresh(self) -> SearchIndex:
        """The index of the newest version."""
        async with self._one_at_a_time:
            async with consistent(self._database) as connection:
                head = await versions.current(connection)
                if self._index is None or head.version < self._version:
                    self._index = await asyncio.to_thread(SearchIndex.of, await _rows(connection, since=-1))
                elif head.version > self._version:
                    await self._follow(self._index, await _rows(connection, since=self._version))
                self._version = head.version
            return self._index

    async def _current(self) -> SearchIndex:
        if self._index is not None:
            if not await self._is_idle():
                return self._index
            async with self._database.read() as connection:
                if (await versions.current(connection)).version == self._version:
                    return self._index
        return await self.refresh()

    async def _is_idle(self) -> bool:
        """Whether nobody makes the index now, or not for long: what was just written is to be found."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()), self._one_at_a_time:
                return True
        except TimeoutError:
            return False

    async def _follow(self, index: SearchIndex, changed: Sequence[Indexed]) -> None:
        if len(changed) < MANY_CHANGES:
            for row in changed:
                index.put(row)
            return
        rows = {row.code: row for row in (*index.rows, *changed)}
        self._index = await asyncio.to_thread(SearchIndex.of, rows.values())


async def _rows(connection: AsyncConnection, *, since: int) -> list[Indexed]:
    found: list[Indexed] = []
    while page := await agencies.indexed(connection, since=since, after=found[-1].code if found else ""):
        found += page
    return found
