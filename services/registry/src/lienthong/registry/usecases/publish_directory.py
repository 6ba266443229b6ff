"""Publishes the directory: a sealed snapshot of one version, good for a limited time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lienthong.registry.storage import delegations, nodes, published_agencies, versions
from lienthong.registry.storage.consistent import consistent
from lienthong.registry.storage.versions import Head
from lienthong.shared.contracts.directory import DIRECTORY_TYPE, DirectorySnapshot
from lienthong.shared.database import Database
from lienthong.shared.directory import packed
from lienthong.shared.signatures.seals import SealKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDirectory:
    """A sealed snapshot. ``tag`` names version and time of issue: what an ETag needs."""

    jws: str
    tag: str


class DirectoryPublisher:
    """Seals a snapshot when the directory has changed or half of the last one's life has gone, and keeps it.

    The time of issue is a function of the version and of the clock's half-lives, so several processes of one registry
    publish under the same tags.

    Args:
        database: The registry's.
        seal_key: Seals the directory.
        lifetime: How long a snapshot is good.
        clock: Gives the present, aware.
    """

    def __init__(
        self, *, database: Database, seal_key: SealKey, lifetime: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._seal_key = seal_key
        self._lifetime = lifetime
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._published: PublishedDirectory | None = None

    async def current_tag(self) -> str:
        """The tag of what :meth:`published` would give now; costs one row."""
        async with self._database.read() as connection:
            head = await versions.current(connection)
        return _tag(head, self._issued_at(head))

    async def published(self) -> PublishedDirectory:
        """The newest version, sealed."""
        tag = await self.current_tag()
        async with self._one_at_a_time:
            if self._published is None or self._published.tag != tag:
                self._published = await self._publish()
            return self._published

    async def _publish(self) -> PublishedDirectory:
        async with consistent(self._database) as connection:
            head = await versions.current(connection)
            issued_at = self._issued_at(head)
            at_work, closed = await published_agencies.tables(connection)
            snapshot = DirectorySnapshot(
                version=head.version,
                issued_at=issued_at,
                expires_at=issued_at + self._lifetime,
                nodes=tuple(await nodes.all_nodes(connection)),
                agencies=at_work,
                delegations=tuple(await delegations.all_delegations(connection)),
                closed=closed,
            )
        jws = await asyncio.to_thread(lambda: self._seal_key.seal(DIRECTORY_TYPE, packed(snapshot)))
        return PublishedDirectory(jws=jws, tag=_tag(head, issued_at))

    def _issued_at(self, head: Head) -> datetime:
        half_life = max(int(self._lifetime.total_seconds()) // 2, 1)
        period_start = int(self._clock().timestamp()) // half_life * half_life
        return max(datetime.fromtimestamp(period_start, UTC), head.changed_at.replace(microsecond=0))


def _tag(head: Head, issued_at: datetime) -> str:
    return f"{head.version}-{int(issued_at.timestamp())}"
