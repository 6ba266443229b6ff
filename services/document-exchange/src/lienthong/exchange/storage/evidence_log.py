"""The node's own evidence in one log, in the order of its entries. Never commits: the use case does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Integer, bindparam, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.evidence_log import Leaf
from lienthong.exchange.errors import LogDamaged
from lienthong.exchange.storage.log_schema import evidence_log_subtrees
from lienthong.exchange.storage.schema import evidence, evidence_log, evidence_pending
from lienthong.shared.identifiers import EvidenceId, is_sha256
from lienthong.shared.merkle import Subtree

SEQUENCER_LOCK = 7_468_610_520
"""Key of PostgreSQL's advisory lock: one sequencer at a time. SQLite has one writer anyway."""

_LOCK: Final = select(func.pg_try_advisory_xact_lock(SEQUENCER_LOCK))
_PENDING: Final = (
    select(evidence.c.id, evidence.c.jws)
    .join_from(evidence_pending, evidence)
    .order_by(evidence_pending.c.evidence_id)
    .limit(bindparam("at_most", type_=Integer))
)
_LAST: Final = select(func.max(evidence_log.c.index))
_LEAVES: Final = select(evidence_log.c.index.label("position"), evidence_log.c.leaf_hash).where(
    evidence_log.c.index.in_(bindparam("indexes", expanding=True))
)
_SUBTREES: Final = select(evidence_log_subtrees).where(
    tuple_(evidence_log_subtrees.c.level, evidence_log_subtrees.c.number).in_(bindparam("wanted", expanding=True))
)
_LENGTHS: Final = (
    select(func.length(evidence.c.jws))
    .join_from(evidence_log, evidence)
    .where(evidence_log.c.index >= bindparam("begin"), evidence_log.c.index < bindparam("end"))
    .order_by(evidence_log.c.index)
)
_ENTRIES: Final = (
    select(
        evidence_log.c.index.label("position"),
        evidence.c.id,
        evidence.c.jws,
        evidence.c.claims,
        evidence_log.c.leaf_hash,
    )
    .join_from(evidence_log, evidence)
    .where(evidence_log.c.index >= bindparam("begin"), evidence_log.c.index < bindparam("end"))
    .order_by(evidence_log.c.index)
)
_POSITION: Final = select(evidence_log.c.index.label("position"), evidence_log.c.leaf_hash).where(
    evidence_log.c.evidence_id == bindparam("wanted")
)
_APPEND: Final = evidence_log.insert()
_APPEND_SUBTREES: Final = evidence_log_subtrees.insert()
_WAIT_NO_LONGER: Final = delete(evidence_pending).where(evidence_pending.c.evidence_id == bindparam("appended"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEvidence:
    """Evidence that is not in the log yet."""

    id: EvidenceId
    jws: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry with its text, and the claims that are shown for it.

    ``leaf_hash`` has 64 hexadecimal digits, and ``claims`` are what the text says, unless somebody meddled with them.
    """

    index: int
    evidence: EvidenceId
    jws: str
    claims: object
    leaf_hash: str


async def is_sequencer(connection: AsyncConnection) -> bool:
    """Whether this transaction may append: no other one does so now."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(await connection.scalar(_LOCK))


async def pending_evidence(connection: AsyncConnection, *, limit: int) -> list[PendingEvidence]:
    """What waits for the log, in the order of ids."""
    found = await connection.execute(_PENDING, {"at_most": limit})
    return [PendingEvidence(id=EvidenceId(row.id), jws=row.jws) for row in found]


async def log_size(connection: AsyncConnection) -> int:
    """How many entries there are."""
    last = await connection.scalar(_LAST)
    return 0 if last is None else int(last) + 1


async def stored_hashes(connection: AsyncConnection, wanted: Iterable[Subtree]) -> dict[Subtree, bytes]:
    """The hashes of ``wanted``.

    Raises:
        LogDamaged: Some are not stored, or are no hashes: somebody meddled with the tables.
    """
    wanted = list(wanted)
    leaves = [each for each in wanted if not each.level]
    subtrees = [each for each in wanted if each.level]
    hashes: dict[Subtree, bytes] = {}
    if leaves:
        found = await connection.execute(_LEAVES, {"indexes": [each.number for each in leaves]})
        hashes |= {Subtree(0, row.position): _hash(row.leaf_hash) for row in found}
    if subtrees:
        found = await connection.execute(_SUBTREES, {"wanted": [tuple(each) for each in subtrees]})
        hashes |= {Subtree(row.level, row.number): _hash(row.hash) for row in found}
    if len(hashes) != len(set(wanted)):
        raise LogDamaged("Hashes of this node's evidence log are missing. Its operator must look into it.")
    return hashes


async def append(connection: AsyncConnection, leaves: Sequence[Leaf], tree: dict[Subtree, bytes]) -> None:
    """Puts ``leaves`` and the subtrees that they complete into the log; their evidence waits no longer."""
    rows = [{"index": one.index, "evidence_id": one.evidence, "leaf_hash": one.hash.hex()} for one in leaves]
    await connection.execute(_APPEND, rows)
    higher = [{"level": at.level, "number": at.number, "hash": one.hex()} for at, one in tree.items() if at.level]
    if higher:
        await connection.execute(_APPEND_SUBTREES, higher)
    await connection.execute(_WAIT_NO_LONGER, [{"appended": one.evidence} for one in leaves])


async def entries(connection: AsyncConnection, begin: int, end: int) -> list[Entry]:
    """The entries from ``begin`` to before ``end``, as their texts are now."""
    found = await connection.execute(_ENTRIES, {"begin": begin, "end": end})
    return [
        Entry(
            index=row.position,
            evidence=EvidenceId(row.id),
            jws=row.jws,
            claims=row.claims,
            leaf_hash=row.leaf_hash,
        )
        for row in found
    ]


async def entry_lengths(connection: AsyncConnection, begin: int, end: int) -> list[int]:
    """Characters of the entries from ``begin`` to before ``end``."""
    found = await connection.execute(_LENGTHS, {"begin": begin, "end": end})
    return [int(length) for length in found.scalars()]


async def entry_of(connection: AsyncConnection, wanted: EvidenceId) -> Leaf | None:
    """Where that evidence stands; None: not in this log, or not yet."""
    row = (await connection.execute(_POSITION, {"wanted": wanted})).first()
    return None if row is None else Leaf(index=row.position, evidence=wanted, hash=_hash(row.leaf_hash))


def _hash(text: str) -> bytes:
    if not is_sha256(text):
        raise LogDamaged("A hash of this node's evidence log is damaged. Its operator must look into it.")
    return bytes.fromhex(text)
