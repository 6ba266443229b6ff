"""Uploads in the database. Never commits: the use case does."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.uploads import Upload
from lienthong.exchange.storage.upload_schema import uploads
from lienthong.shared.identifiers import Sha256


async def add_upload(connection: AsyncConnection, upload: Upload) -> None:
    """Begins an upload."""
    row = {column.name: getattr(upload, column.name) for column in uploads.columns}
    await connection.execute(insert(uploads), row)


async def find_upload(connection: AsyncConnection, upload_id: str) -> Upload | None:
    """The upload, whoever's it is."""
    found = await connection.execute(select(uploads).where(uploads.c.id == upload_id))
    row = found.mappings().first()
    return Upload(**row) if row is not None else None


async def open_uploads(connection: AsyncConnection, client_id: str) -> int:
    """How many uploads the client has begun and not submitted."""
    mine = select(func.count()).where(uploads.c.client_id == client_id, ~uploads.c.is_consumed)
    return (await connection.execute(mine)).scalar_one()


async def outstanding_bytes(connection: AsyncConnection) -> int:
    """Bytes that all uploads together are still to bring."""
    rest = func.coalesce(func.sum(uploads.c.size - uploads.c.offset), 0)
    return int((await connection.execute(select(rest).where(~uploads.c.is_consumed))).scalar_one())


async def move_upload(connection: AsyncConnection, upload_id: str, *, offset: int, expires_at: datetime) -> None:
    """Notes that so many bytes are durable."""
    changed = update(uploads).where(uploads.c.id == upload_id)
    await connection.execute(changed.values(offset=offset, expires_at=expires_at))


async def keep_digest(connection: AsyncConnection, upload_id: str, sha256: Sha256) -> None:
    """Notes the digest of a complete upload."""
    await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(sha256=sha256))


async def consume_upload(connection: AsyncConnection, upload_id: str) -> None:
    """Notes that a document has taken the bytes over."""
    await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(is_consumed=True))


async def remove_uploads(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Forgets uploads."""
    await connection.execute(delete(uploads).where(uploads.c.id.in_(ids)))


async def expired_uploads(connection: AsyncConnection, now: datetime, *, limit: int) -> list[str]:
    """Ids of uploads whose time is over, at most ``limit``."""
    over = select(uploads.c.id).where(uploads.c.expires_at <= now).order_by(uploads.c.expires_at).limit(limit)
    return list((await connection.execute(over)).scalars())


async def uploads_with_bytes(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Which of ``ids`` are uploads that still need their file."""
    found = select(uploads.c.id).where(uploads.c.id.in_(ids), ~uploads.c.is_consumed)
    return set((await connection.execute(found)).scalars())
