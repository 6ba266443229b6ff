"""Acts of reorganisation as they were uploaded, and what became of them."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from lienthong.registry.storage.schema import CLIENT_ID, metadata
from lienthong.shared.database import UtcDateTime

reorganisations = Table(
    "reorganisations",
    metadata,
    Column("id", String(36), primary_key=True, doc="UUIDv7"),
    Column("title", Text, nullable=False),
    Column("effective_at", UtcDateTime, nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("sha256", String(64), nullable=False, index=True, doc="Of the file as it was uploaded"),
    Column("operations", Integer, nullable=False),
    Column("uploaded_by", CLIENT_ID, nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("approved_by", CLIENT_ID),
    Column("approved_at", UtcDateTime),
    Column("approval_reason", Text),
    Column("withdrawn_by", CLIENT_ID),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawal_reason", Text),
    Column("applied_at", UtcDateTime),
    Column("version", BigInteger, doc="Directory version that it made"),
    Column("failed_at", UtcDateTime, doc="It did not fit the directory when it was due"),
    Column("remarks", JSON, doc="What stood against it then"),
    Column("counts", JSON, doc="What it did, when it was applied"),
    Column("seals", JSON, nullable=False, doc="Sealed statements: of the approval, of the application"),
    Index("reorganisations_by_instant", "effective_at"),
)

reorganisation_files = Table(
    "reorganisation_files",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("content", LargeBinary, nullable=False, doc="The file as it was uploaded, zlib"),
)
