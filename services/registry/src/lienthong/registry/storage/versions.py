"""The directory's version: one row that every change locks, and the list of changes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.errors import ActDue
from lienthong.registry.storage import reorganisations
from lienthong.registry.storage.schema import directory_head, directory_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest version of the directory; 0 is the empty one of the first migration."""

    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changed the directory when, in one line for people; ``reorganisation`` is the act that did."""

    by: str
    now: datetime
    summary: str
    reorganisation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What rows of a history get: the version that makes them, and since when they are good."""

    version: int
    since: datetime


async def current(connection: AsyncConnection) -> Head:
    """The newest version."""
    row = (await connection.execute(select(directory_head))).one()
    return Head(version=row.version, changed_at=row.changed_at)


async def lock(connection: AsyncConnection) -> Head:
    """The newest version; no other transaction changes the directory until this one ends."""
    row = (await connection.execute(select(directory_head).with_for_update())).one()
    return Head(version=row.version, changed_at=row.changed_at)


async def begin_change(connection: AsyncConnection, now: datetime) -> Stamp:
    """The next version, for one who changes the directory now; others wait until this transaction ends.

    A clock that went back does not turn the order of changes round.

    Raises:
        ActDue: An approved act has taken effect and is not applied yet: it comes first.
    """
    head = await lock(connection)
    if (act := await reorganisations.due(connection, now)) is not None:
        raise ActDue("An act of reorganisation is being applied; try again shortly.", facts={"reorganisation": act.id})
    return Stamp(version=head.version + 1, since=max(now, head.changed_at))


async def record(connection: AsyncConnection, version: int, change: Change) -> None:
    """Makes ``version`` the newest. The caller holds the lock."""
    await connection.execute(directory_head.update().values(version=version, changed_at=change.now))
    await connection.execute(
        directory_versions.insert().values(
            version=version,
            changed_at=change.now,
            changed_by=change.by,
            change=change.summary,
            reorganisation=change.reorganisation,
        )
    )
