"""Writes evidence. Never commits: the use case does."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.storage.schema import evidence, evidence_pending
from lienthong.shared.database import insert_or_ignore

_INSERT: Final = evidence.insert()
_INSERT_PENDING: Final = evidence_pending.insert()


async def add_own_evidence(
    connection: AsyncConnection, sealed: Sequence[SealedEvidence], *, is_stored: bool = True
) -> None:
    """Stores evidence that this node made; the sequencer appends it to the log later.

    ``is_stored``: whether the document is in ``documents``; one that was refused is not.
    """
    if sealed:
        rows = [_row(piece) for piece in sealed]
        if not is_stored:
            rows = [row | {"document_id": None} for row in rows]
        await connection.execute(_INSERT, rows)
        await connection.execute(_INSERT_PENDING, [{"evidence_id": piece.claims.id} for piece in sealed])


async def add_brought_evidence(connection: AsyncConnection, sealed: Sequence[SealedEvidence]) -> None:
    """Stores verified evidence of other nodes; what is there already stays."""
    if sealed:
        await connection.execute(insert_or_ignore(connection, evidence), [_row(piece) for piece in sealed])


def _row(piece: SealedEvidence) -> dict[str, object]:
    claims = piece.claims
    return {
        "id": claims.id,
        "document_id": claims.document,
        "event": claims.event.value,
        "issuer": claims.issuer,
        "time": claims.time,
        "jws": piece.jws,
        "claims": claims.model_dump(mode="json"),
    }
