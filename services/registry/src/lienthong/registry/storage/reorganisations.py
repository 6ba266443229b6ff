"""Acts of reorganisation in the database."""

import zlib
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.reorganisation import Applied, Failed, Reorganisation, ReorganisationId, Said, State
from lienthong.registry.storage.reorganisation_schema import reorganisation_files as files
from lienthong.registry.storage.reorganisation_schema import reorganisations as acts
from lienthong.shared.identifiers import Sha256

_WAITING = and_(acts.c.withdrawn_at.is_(None), acts.c.applied_at.is_(None), acts.c.failed_at.is_(None))
_STATES: dict[State, ColumnElement[bool]] = {
    State.UPLOADED: and_(_WAITING, acts.c.approved_at.is_(None)),
    State.APPROVED: and_(_WAITING, acts.c.approved_at.is_not(None)),
    State.APPLIED: and_(acts.c.applied_at.is_not(None), acts.c.withdrawn_at.is_(None)),
    State.WITHDRAWN: acts.c.withdrawn_at.is_not(None),
    State.FAILED: and_(acts.c.failed_at.is_not(None), acts.c.withdrawn_at.is_(None)),
}


async def add(connection: AsyncConnection, act: Reorganisation, content: bytes) -> None:
    """Adds an act that nobody has decided on, with its file."""
    await connection.execute(acts.insert().values(_values(act)))
    await connection.execute(files.insert().values(id=act.id, content=zlib.compress(content)))


async def save(connection: AsyncConnection, act: Reorganisation) -> None:
    """Records what became of the act."""
    await connection.execute(acts.update().where(acts.c.id == act.id).values(_values(act)))


async def find(connection: AsyncConnection, act: ReorganisationId) -> Reorganisation | None:
    """The act with that id."""
    row = (await connection.execute(select(acts).where(acts.c.id == act))).first()
    return None if row is None else _act(row)


async def file_of(connection: AsyncConnection, act: ReorganisationId) -> bytes:
    """The file of an act, as it was uploaded."""
    stored = (await connection.execute(select(files.c.content).where(files.c.id == act))).scalar_one()
    return zlib.decompress(stored)


async def with_digest(connection: AsyncConnection, sha256: Sha256) -> Reorganisation | None:
    """An act of the very same file that was not withdrawn and did not fail."""
    alive = and_(acts.c.sha256 == sha256, acts.c.withdrawn_at.is_(None), acts.c.failed_at.is_(None))
    row = (await connection.execute(select(acts).where(alive).limit(1))).first()
    return None if row is None else _act(row)


async def page(
    connection: AsyncConnection, *, state: State | None, after: tuple[datetime, str] | None, limit: int
) -> list[Reorganisation]:
    """Acts by the time at which they take effect, behind ``after``."""
    query = select(acts).order_by(acts.c.effective_at, acts.c.id).limit(limit)
    if state is not None:
        query = query.where(_STATES[state])
    if after is not None:
        effective_at, own = after
        later = and_(acts.c.effective_at == effective_at, acts.c.id > own)
        query = query.where(or_(acts.c.effective_at > effective_at, later))
    return [_act(row) for row in await connection.execute(query)]


async def approved(connection: AsyncConnection) -> list[Reorganisation]:
    """Acts that are approved and wait for their time, by that time."""
    query = select(acts).where(_STATES[State.APPROVED]).order_by(acts.c.effective_at)
    return [_act(row) for row in await connection.execute(query)]


async def due(connection: AsyncConnection, now: datetime) -> Reorganisation | None:
    """The first approved act whose time has come."""
    query = select(acts).where(_STATES[State.APPROVED], acts.c.effective_at <= now)
    row = (await connection.execute(query.order_by(acts.c.effective_at).limit(1))).first()
    return None if row is None else _act(row)


def _act(row: Row[Any]) -> Reorganisation:
    applied = Applied(at=row.applied_at, version=row.version, counts=row.counts) if row.applied_at else None
    return Reorganisation(
        id=ReorganisationId(row.id),
        title=row.title,
        effective_at=row.effective_at,
        media_type=row.media_type,
        sha256=Sha256(row.sha256),
        operations=row.operations,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        approval=_said(row.approved_by, row.approved_at, row.approval_reason),
        withdrawal=_said(row.withdrawn_by, row.withdrawn_at, row.withdrawal_reason),
        applied=applied,
        failed=Failed(at=row.failed_at, remarks=row.remarks) if row.failed_at else None,
        seals=tuple(row.seals),
    )


def _said(by: str | None, at: datetime | None, reason: str | None) -> Said | None:
    return None if by is None or at is None else Said(by=by, at=at, reason=reason or "")


def _values(act: Reorganisation) -> dict[str, Any]:
    approval, withdrawal = act.approval, act.withdrawal
    return {
        "id": act.id,
        "title": act.title,
        "effective_at": act.effective_at,
        "media_type": act.media_type,
        "sha256": act.sha256,
        "operations": act.operations,
        "uploaded_by": act.uploaded_by,
        "uploaded_at": act.uploaded_at,
        "approved_by": approval.by if approval else None,
        "approved_at": approval.at if approval else None,
        "approval_reason": approval.reason if approval else None,
        "withdrawn_by": withdrawal.by if withdrawal else None,
        "withdrawn_at": withdrawal.at if withdrawal else None,
        "withdrawal_reason": withdrawal.reason if withdrawal else None,
        "applied_at": act.applied.at if act.applied else None,
        "version": act.applied.version if act.applied else None,
        "counts": dict(act.applied.counts) if act.applied else None,
        "failed_at": act.failed.at if act.failed else None,
        "remarks": list(act.failed.remarks) if act.failed else None,
        "seals": list(act.seals),
    }
