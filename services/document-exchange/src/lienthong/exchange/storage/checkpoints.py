"""Checkpoints of this node's log, with what vouches for them. Never commits: the use case does."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import BigInteger, Row, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.errors import LogDamaged
from lienthong.exchange.storage.log_schema import log_checkpoints, log_cosignatures, log_time_stamps
from lienthong.exchange.storage.schema import evidence, evidence_log
from lienthong.shared.contracts.log import CheckpointAnswer, Cosignature, TimeStampAnswer
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import DocumentId, NodeId

_NEWEST: Final = select(func.max(log_checkpoints.c.size))
_LAST: Final = (
    select(log_checkpoints.c.size, log_checkpoints.c.created_at).order_by(log_checkpoints.c.size.desc()).limit(1)
)
_ONE: Final = select(log_checkpoints).where(log_checkpoints.c.size == bindparam("size"))
_NEWEST_STAMPED: Final = select(func.max(log_time_stamps.c.size))
_LEAST: Final = bindparam("least", type_=BigInteger)
_COVERING: Final = (
    select(log_time_stamps.c.size)
    .join(log_cosignatures, log_cosignatures.c.size == log_time_stamps.c.size)
    .where(log_time_stamps.c.size >= _LEAST)
    .order_by(log_time_stamps.c.size)
    .limit(1),
    select(log_time_stamps.c.size).where(log_time_stamps.c.size >= _LEAST).order_by(log_time_stamps.c.size).limit(1),
    select(log_checkpoints.c.size).where(log_checkpoints.c.size >= _LEAST).order_by(log_checkpoints.c.size).limit(1),
)
"""The smallest that is time-stamped and witnessed; the smallest that is time-stamped; the smallest."""
_STAMPS: Final = select(log_time_stamps).where(log_time_stamps.c.size == bindparam("size"))
_COSIGNATURES: Final = (
    select(log_cosignatures).where(log_cosignatures.c.size == bindparam("size")).order_by(log_cosignatures.c.witness)
)
_UNSTAMPED: Final = (
    select(log_checkpoints.c.size, log_checkpoints.c.note)
    .where(log_checkpoints.c.size > select(func.coalesce(func.max(log_time_stamps.c.size), 0)).scalar_subquery())
    .order_by(log_checkpoints.c.size.desc())
    .limit(1)
)
_STAMP: Final = (
    select(log_time_stamps.c.time)
    .where(log_time_stamps.c.size > evidence_log.c.index)
    .order_by(log_time_stamps.c.size)
    .limit(1)
    .scalar_subquery()
)
_STAMPED: Final = (
    select(evidence.c.id, _STAMP.label("time"))
    .join_from(evidence, evidence_log, isouter=True)
    .where(evidence.c.document_id == bindparam("document"), evidence.c.issuer == bindparam("here"))
    .order_by(evidence.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheckpoint:
    """The newest one."""

    size: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstampedCheckpoint:
    """The newest checkpoint, which no time stamp covers."""

    size: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCheckpoint:
    """What :func:`add_checkpoint` writes. ``certificates``: PEM, leaf first."""

    size: int
    root: bytes
    note: str
    certificates: Sequence[str]
    created_at: datetime


async def last_checkpoint(connection: AsyncConnection) -> LastCheckpoint | None:
    """Size and time of the newest checkpoint."""
    row = (await connection.execute(_LAST)).first()
    return None if row is None else LastCheckpoint(size=row.size, created_at=row.created_at)


async def add_checkpoint(connection: AsyncConnection, new: NewCheckpoint) -> None:
    """Keeps a checkpoint; one of that size that is there already stays."""
    row = {
        "size": new.size,
        "root": new.root.hex(),
        "note": new.note,
        "certificates": list(new.certificates),
        "created_at": new.created_at,
    }
    await connection.execute(insert_or_ignore(connection, log_checkpoints), [row])


async def checkpoint_of(connection: AsyncConnection, size: int) -> CheckpointAnswer | None:
    """The checkpoint of that size, with everything that vouches for it.

    Raises:
        LogDamaged: The tables hold something that is none.
    """
    row = (await connection.execute(_ONE, {"size": size})).first()
    if row is None:
        return None
    stamps = await connection.execute(_STAMPS, {"size": size})
    cosignatures = await connection.execute(_COSIGNATURES, {"size": size})
    try:
        return CheckpointAnswer(
            size=row.size,
            note=row.note,
            certificates=tuple(row.certificates),
            time_stamps=tuple(TimeStampAnswer(time=one.time, token=b64encode(one.token).decode()) for one in stamps),
            cosignatures=tuple(_cosignature(one) for one in cosignatures),
        )
    except (ValidationError, TypeError) as error:
        raise LogDamaged(
            "A checkpoint of this node's evidence log is damaged. Its operator must look into it."
        ) from error


async def newest_size(connection: AsyncConnection, *, stamped: bool = False) -> int | None:
    """The size of the newest checkpoint, or of the newest one that is time-stamped."""
    found: int | None = await connection.scalar(_NEWEST_STAMPED if stamped else _NEWEST)
    return found


async def covering_size(connection: AsyncConnection, least: int) -> int | None:
    """The size of the best checkpoint over at least ``least`` entries; None: none is that large.

    Best is the smallest that is time-stamped and witnessed; else the smallest time-stamped one; else the smallest.
    """
    for statement in _COVERING:
        if (found := await connection.scalar(statement, {"least": least})) is not None:
            return int(found)
    return None


async def add_cosignature(connection: AsyncConnection, size: int, cosignature: Cosignature, *, time: datetime) -> None:
    """Keeps a witness's verified signature; its first one of that checkpoint stays."""
    row = {
        "size": size,
        "witness": cosignature.witness,
        "line": cosignature.line,
        "certificates": list(cosignature.certificates),
        "time": time,
    }
    await connection.execute(insert_or_ignore(connection, log_cosignatures), [row])


async def unstamped_checkpoint(connection: AsyncConnection) -> UnstampedCheckpoint | None:
    """The newest checkpoint, if no time stamp covers it: one token is enough for all before it."""
    row = (await connection.execute(_UNSTAMPED)).first()
    return None if row is None else UnstampedCheckpoint(size=row.size, note=row.note)


async def add_time_stamp(connection: AsyncConnection, size: int, token: bytes, *, time: datetime) -> None:
    """Keeps a checked token over the checkpoint of ``size``."""
    row = {"size": size, "token": token, "time": time}
    await connection.execute(insert_or_ignore(connection, log_time_stamps), [row])


async def stamped_evidence(
    connection: AsyncConnection, document: DocumentId, *, here: NodeId
) -> dict[str, datetime | None]:
    """This node's evidence about the document, the oldest first: when it was time-stamped; None: not yet."""
    found = await connection.execute(_STAMPED, {"document": document, "here": here})
    return {row.id: row.time for row in found}


def _cosignature(row: Row[Any]) -> Cosignature:
    return Cosignature(witness=row.witness, line=row.line, certificates=tuple(row.certificates))
