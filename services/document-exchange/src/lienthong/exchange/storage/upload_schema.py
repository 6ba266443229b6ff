"""The table of uploads under way; their bytes are files beside the spool."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text, false

from lienthong.exchange.storage.schema import ID, metadata
from lienthong.shared.database import UtcDateTime

uploads = Table(
    "uploads",
    metadata,
    Column("id", ID, primary_key=True),
    Column("client_id", String(200), nullable=False, doc="Whose it is, and nobody else's"),
    Column("media_type", String(100), nullable=False),
    Column("metadata", Text, nullable=False, doc="Upload-Metadata as it came"),
    Column("size", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False, doc="Bytes that are on disk for good; the file may be longer"),
    Column("sha256", String(64), doc="Of all bytes; null: not hashed yet"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("is_consumed", Boolean, nullable=False, server_default=false(), doc="Submitted: the file is gone"),
)
Index("uploads_of_client", uploads.c.client_id)
Index("uploads_by_expiry", uploads.c.expires_at)
