"""What this node witnessed of other logs, and the alarms about them. Never commits: the use case does."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.witnessing import AuditProgress, NotedCheckpoint
from lienthong.exchange.storage.log_schema import alarms, witness_progress, witnessed_checkpoints
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.checkpoints import Checkpoint, origin_of

WITNESS_LOCK = 7_468_610_521
"""Key of PostgreSQL's advisory lock: one worker at a time moves on. SQLite has one writer anyway."""

_LOCK: Final = select(func.pg_advisory_xact_lock(WITNESS_LOCK))
_HELD: Final = (
    select(witnessed_checkpoints)
    .where(witnessed_checkpoints.c.node == bindparam("wanted"))
    .order_by(witnessed_checkpoints.c.size.desc())
    .limit(1)
)
_PROGRESS: Final = select(witness_progress).where(witness_progress.c.node == bindparam("wanted"))
_ADD: Final = witnessed_checkpoints.insert()
_ALARMS: Final = select(alarms).order_by(alarms.c.last_seen_at.desc(), alarms.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One kind of violation of one log, however often it was seen."""

    node: NodeId
    violation: str
    detail: str
    held_note: str
    seen_note: str
    first_seen_at: datetime
    last_seen_at: datetime
    rounds: int


async def lock_witness(connection: AsyncConnection) -> None:
    """Waits until no other transaction moves on."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_LOCK)


async def held_checkpoint(connection: AsyncConnection, node: NodeId) -> NotedCheckpoint | None:
    """The last checkpoint of ``node`` that was found good."""
    row = (await connection.execute(_HELD, {"wanted": node})).first()
    if row is None:
        return None
    checkpoint = Checkpoint(origin=origin_of(node), size=row.size, root=bytes.fromhex(row.root))
    return NotedCheckpoint(checkpoint=checkpoint, note=row.note)


async def hold_checkpoint(connection: AsyncConnection, node: NodeId, found: NotedCheckpoint, *, at: datetime) -> None:
    """Remembers a checkpoint that was found good, larger than every one before."""
    checkpoint = found.checkpoint
    row = {"node": node, "size": checkpoint.size, "root": checkpoint.root.hex(), "note": found.note, "seen_at": at}
    await connection.execute(_ADD, [row])


async def audit_progress(connection: AsyncConnection, node: NodeId) -> AuditProgress:
    """How far the entries of ``node`` were read."""
    row = (await connection.execute(_PROGRESS, {"wanted": node})).first()
    return AuditProgress() if row is None else AuditProgress(audited=row.audited, rolling=row.rolling)


async def keep_progress(connection: AsyncConnection, node: NodeId, progress: AuditProgress) -> None:
    """Remembers how far the entries of ``node`` were read."""
    changed = {"audited": progress.audited, "rolling": progress.rolling}
    insert = _insert(connection, witness_progress).values(node=node, **changed)
    await connection.execute(insert.on_conflict_do_update(index_elements=["node"], set_=changed))


async def count_alarm(connection: AsyncConnection, alarm: Alarm) -> int:
    """Keeps the alarm, or counts one more round of the one that there is; how many rounds that makes.

    The first checkpoints stay as they were first seen; the sentence is that of the last round.
    """
    row = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:lienthong:alarm:{alarm.node}:{alarm.violation}")),
        "node": alarm.node,
        "violation": alarm.violation,
        "detail": alarm.detail,
        "held_note": alarm.held_note,
        "seen_note": alarm.seen_note,
        "first_seen_at": alarm.first_seen_at,
        "last_seen_at": alarm.last_seen_at,
        "rounds": alarm.rounds,
    }
    changed = {"detail": alarm.detail, "last_seen_at": alarm.last_seen_at, "rounds": alarms.c.rounds + alarm.rounds}
    insert = _insert(connection, alarms).values(**row)
    counted = insert.on_conflict_do_update(index_elements=["id"], set_=changed).returning(alarms.c.rounds)
    rounds: int = (await connection.execute(counted)).scalar_one()
    return rounds


async def all_alarms(connection: AsyncConnection) -> Sequence[Alarm]:
    """Every alarm, the one seen last first: at most one for each neighbour and kind of violation."""
    found = await connection.execute(_ALARMS)
    return [
        Alarm(
            node=NodeId(row.node),
            violation=row.violation,
            detail=row.detail,
            held_note=row.held_note,
            seen_note=row.seen_note,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            rounds=row.rounds,
        )
        for row in found
    ]


def _insert(connection: AsyncConnection, table: Any) -> Any:  # noqa: ANN401 — the two dialects' inserts have no common type
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
