"""Packages that are marked for removal, or removed, and what still uses them. Never commits: the use case does."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    distinct,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.retention import PackageUse, RemovalReason
from lienthong.exchange.storage.log_schema import revocation_pending
from lienthong.exchange.storage.retention_schema import package_removals
from lienthong.exchange.storage.schema import deliveries, documents, outbox
from lienthong.shared.database import UtcDateTime, insert_or_ignore
from lienthong.shared.identifiers import DocumentId, NodeId, Sha256

_DIGESTS: Final[BindParameter[Any]] = bindparam("digests", expanding=True)
_BEFORE: Final = bindparam("before", type_=UtcDateTime)
_FIND: Final = select(package_removals).where(package_removals.c.sha256.in_(_DIGESTS))
_CLEAR: Final = (
    delete(package_removals)
    .where(package_removals.c.sha256.in_(_DIGESTS))
    .returning(package_removals.c.sha256, package_removals.c.removed_at)
)
_CLEAR_MARK: Final = delete(package_removals).where(
    package_removals.c.sha256 == bindparam("digest"), package_removals.c.removed_at.is_(None)
)
_DUE: Final = (
    select(package_removals.c.sha256)
    .where(package_removals.c.removed_at.is_(None), package_removals.c.marked_at <= _BEFORE)
    .order_by(package_removals.c.marked_at)
    .limit(bindparam("at_most", type_=Integer))
)
_HOLD: Final = (
    select(package_removals.c.sha256)
    .where(package_removals.c.sha256 == bindparam("digest"), package_removals.c.removed_at.is_(None))
    .with_for_update(skip_locked=True)
)
_FORGET: Final = delete(package_removals).where(
    package_removals.c.reason == RemovalReason.ORPHAN.value,
    package_removals.c.removed_at <= _BEFORE,
)
_IS_OWN: Final = or_(documents.c.origin == bindparam("here"), deliveries.c.is_local.is_(True))
_IS_OPEN: Final = deliveries.c.transport_status.not_in([TransportStatus.DONE.value, TransportStatus.FAIL.value])
_USES: Final = (
    select(
        documents.c.package_sha256,
        func.count(distinct(documents.c.id)).label("documents"),
        func.max(case((_IS_OWN, 1), else_=0)).label("is_own"),
        func.sum(case((and_(_IS_OWN, _IS_OPEN), 1), else_=0)).label("unfinished"),
        func.max(documents.c.stored_at, type_=UtcDateTime).label("last_stored_at"),
        func.max(deliveries.c.updated_at, type_=UtcDateTime).label("last_moved_at"),
    )
    .select_from(documents.outerjoin(deliveries))
    .where(documents.c.package_sha256.in_(_DIGESTS))
    .group_by(documents.c.package_sha256)
)
_TO_BE_SENT: Final = (
    select(documents.c.package_sha256)
    .join(outbox, outbox.c.document_id == documents.c.id)
    .where(documents.c.package_sha256.in_(_DIGESTS))
)
_TO_BE_JUDGED: Final = (
    select(documents.c.package_sha256)
    .join_from(revocation_pending, documents)
    .where(documents.c.package_sha256.in_(_DIGESTS))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A package that is to go; ``removed_at`` None: it is still in the store."""

    sha256: Sha256
    reason: RemovalReason
    marked_at: datetime
    removed_at: datetime | None


async def find_removals(connection: AsyncConnection, digests: Collection[Sha256]) -> dict[Sha256, Removal]:
    """Those of ``digests`` that are marked or removed."""
    found = await connection.execute(_FIND, {"digests": sorted(digests)})
    return {
        row.sha256: Removal(
            sha256=row.sha256,
            reason=RemovalReason(row.reason),
            marked_at=row.marked_at,
            removed_at=row.removed_at,
        )
        for row in found
    }


async def clear_removals(connection: AsyncConnection, digests: Collection[Sha256]) -> set[Sha256]:
    """Takes marks away, until the caller's transaction ends against any deletion; gives those that were removed."""
    found = await connection.execute(_CLEAR, {"digests": sorted(digests)})
    return {row.sha256 for row in found if row.removed_at is not None}


async def clear_mark(connection: AsyncConnection, sha256: Sha256) -> None:
    """Takes the mark away, unless the package is gone already. Waits for a deletion that is under way."""
    await connection.execute(_CLEAR_MARK, {"digest": sha256})


async def mark_removals(
    connection: AsyncConnection, digests: Collection[Sha256], reason: RemovalReason, *, now: datetime
) -> None:
    """Marks ``digests``; what is marked already stays as it is."""
    if digests:
        rows = [{"sha256": one, "reason": reason.value, "marked_at": now} for one in sorted(digests)]
        await connection.execute(insert_or_ignore(connection, package_removals), rows)


async def due_removals(connection: AsyncConnection, *, before: datetime, limit: int) -> list[Sha256]:
    """Packages that were marked before then, the oldest marks first."""
    return [Sha256(one) for one in (await connection.execute(_DUE, {"before": before, "at_most": limit})).scalars()]


async def hold_removal(connection: AsyncConnection, sha256: Sha256) -> bool:
    """Whether the mark is still there; it is locked then. False also when somebody else holds it."""
    return (await connection.execute(_HOLD, {"digest": sha256})).first() is not None


async def settle_removal(connection: AsyncConnection, sha256: Sha256, *, at: datetime) -> None:
    """Notes that the package is gone."""
    statement = update(package_removals).where(package_removals.c.sha256 == sha256).values(removed_at=at)
    await connection.execute(statement)


async def forget_orphans(connection: AsyncConnection, *, before: datetime) -> None:
    """Forgets orphans that were removed before then: no document ever named them."""
    await connection.execute(_FORGET, {"before": before})


async def package_uses(connection: AsyncConnection, digests: Collection[Sha256], *, here: NodeId) -> list[PackageUse]:
    """What each of ``digests`` is still good for at the node ``here``, in a few statements however many they are."""
    wanted = {"digests": sorted(digests)}
    awaited = set((await connection.execute(_TO_BE_SENT, wanted)).scalars())
    awaited |= set((await connection.execute(_TO_BE_JUDGED, wanted)).scalars())
    rows = {row.package_sha256: row for row in await connection.execute(_USES, {**wanted, "here": here})}
    return [
        PackageUse(
            sha256=one,
            documents=rows[one].documents if one in rows else 0,
            is_own=one in rows and bool(rows[one].is_own),
            unfinished=rows[one].unfinished if one in rows else 0,
            last_stored_at=rows[one].last_stored_at if one in rows else None,
            last_moved_at=rows[one].last_moved_at if one in rows else None,
            is_awaited=one in awaited,
        )
        for one in digests
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OldDocument:
    """A document whose package may be due."""

    id: DocumentId
    sha256: Sha256


async def old_documents(
    connection: AsyncConnection, after: DocumentId, *, before: datetime, relayed_only: bool, limit: int
) -> Sequence[OldDocument]:
    """Documents stored before then whose packages are neither marked nor removed, by id from beyond ``after``."""
    found = await connection.execute(_old(relayed_only=relayed_only), {"after": after, "before": before, "most": limit})
    return [OldDocument(id=DocumentId(row.id), sha256=Sha256(row.package_sha256)) for row in found]


def _old(*, relayed_only: bool) -> Select[tuple[str, str]]:
    statement = (
        select(documents.c.id, documents.c.package_sha256)
        .outerjoin(package_removals, package_removals.c.sha256 == documents.c.package_sha256)
        .where(
            documents.c.id > bindparam("after"),
            documents.c.stored_at <= _BEFORE,
            package_removals.c.sha256.is_(None),
        )
        .order_by(documents.c.id)
        .limit(bindparam("most", type_=Integer))
    )
    return statement.where(documents.c.content.is_(None)) if relayed_only else statement
