"""The node's own evidence in one chain, in the order of its log. Never commits: the use case does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Integer, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.evidence_chain import ChainHead, Link
from lienthong.exchange.storage.schema import evidence, evidence_log, evidence_pending
from lienthong.shared.identifiers import EvidenceId

SEQUENCER_LOCK = 7_468_610_520
"""Key of PostgreSQL's advisory lock: one sequencer at a time. SQLite has one writer anyway."""

_LOCK: Final = select(func.pg_try_advisory_xact_lock(SEQUENCER_LOCK))
_PENDING: Final = (
    select(evidence.c.id, evidence.c.jws)
    .join_from(evidence_pending, evidence)
    .order_by(evidence_pending.c.evidence_id)
    .limit(bindparam("at_most", type_=Integer))
)
_HEAD: Final = (
    select(evidence_log.c.index.label("position"), evidence_log.c.chain_hash)
    .order_by(evidence_log.c.index.desc())
    .limit(1)
)
_APPEND: Final = evidence_log.insert()
_WAIT_NO_LONGER: Final = delete(evidence_pending).where(evidence_pending.c.evidence_id == bindparam("appended"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEvidence:
    """Evidence that is not in the log yet."""

    id: EvidenceId
    jws: str


async def is_sequencer(connection: AsyncConnection) -> bool:
    """Whether this transaction may append: no other one does so now."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(await connection.scalar(_LOCK))


async def pending_evidence(connection: AsyncConnection, *, limit: int) -> list[PendingEvidence]:
    """What waits for the log, in the order of ids."""
    found = await connection.execute(_PENDING, {"at_most": limit})
    return [PendingEvidence(id=EvidenceId(row.id), jws=row.jws) for row in found]


async def log_head(connection: AsyncConnection) -> ChainHead | None:
    """The last entry of the log; None: it is empty."""
    row = (await connection.execute(_HEAD)).first()
    return ChainHead(index=row.position, chain_hash=row.chain_hash) if row is not None else None


async def append(connection: AsyncConnection, links: Sequence[Link]) -> None:
    """Puts ``links`` into the log; they wait no longer."""
    rows = [
        {
            "index": one.index,
            "evidence_id": one.evidence,
            "leaf_hash": one.leaf_hash,
            "chain_hash": one.chain_hash,
        }
        for one in links
    ]
    await connection.execute(_APPEND, rows)
    await connection.execute(_WAIT_NO_LONGER, [{"appended": one.evidence} for one in links])
