"""The idempotency record: one answer for one client and key. Never commits: the use case does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.storage.schema import submissions
from lienthong.shared.database import insert_new
from lienthong.shared.identifiers import DocumentId, Sha256

_FIND: Final = select(submissions).where(
    submissions.c.client_id == bindparam("client"), submissions.c.key == bindparam("wanted")
)
"""Statements that every document needs are built once: building one costs more than running it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRecord:
    """What a client sent under one key, and the answer that it got, byte for byte."""

    client_id: str
    key: str
    request_sha256: Sha256
    document_id: DocumentId
    body: bytes
    created_at: datetime


async def claim_submission(connection: AsyncConnection, record: SubmissionRecord) -> bool:
    """Whether the key is this submission's: False when another one has it, which is then committed."""
    row = {
        "client_id": record.client_id,
        "key": record.key,
        "request_sha256": record.request_sha256,
        "document_id": record.document_id,
        "body": record.body,
        "created_at": record.created_at,
    }
    statement = insert_new(connection, submissions, submissions.c.key)
    return (await connection.execute(statement, row)).first() is not None


async def find_submission(connection: AsyncConnection, *, client_id: str, key: str) -> SubmissionRecord | None:
    """What the client sent before under ``key``."""
    found = await connection.execute(_FIND, {"client": client_id, "wanted": key})
    row = found.mappings().first()
    return SubmissionRecord(**row) if row is not None else None
