"""The inbox: which messages this node has taken already, so that a repeated delivery has no second effect."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import UtcDateTime, insert_new
from lienthong.shared.identifiers import MessageId


def inbox_table(metadata: MetaData) -> Table:
    """The table ``inbox``: one row for each message taken."""
    return Table(
        "inbox",
        metadata,
        Column("message_id", String(36), primary_key=True),
        Column("received_at", UtcDateTime, nullable=False, index=True, doc="When its effects were committed"),
    )


async def claim_new(
    connection: AsyncConnection, table: Table, ids: Sequence[MessageId], now: datetime
) -> set[MessageId]:
    """Those of ``ids`` that nobody has taken yet; they are taken when the caller's transaction commits.

    A simultaneous claim of the same id waits for the other transaction, and gets it only if that one rolls back.
    """
    if not ids:
        return set()
    rows = [{"message_id": id_, "received_at": now} for id_ in sorted(set(ids))]  # sorted: two batches cannot deadlock
    inserted = await connection.execute(insert_new(connection, table, table.c.message_id), rows)
    return {MessageId(id_) for id_ in inserted.scalars()}
