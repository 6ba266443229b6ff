"""The tables of systems that speak the national SDK's interface."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table

from lienthong.registry.storage.schema import CLIENT_ID, metadata
from lienthong.shared.database import UtcDateTime

systems = Table(
    "systems",
    metadata,
    Column("system_id", String(100), primary_key=True),
    Column("client_id", CLIENT_ID, ForeignKey("clients.client_id"), nullable=False, index=True),
    Column("is_enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", CLIENT_ID, nullable=False),
)

system_secrets = Table(
    "system_secrets",
    metadata,
    Column("system_id", String(100), ForeignKey("systems.system_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="1 is the first"),
    Column("sealed", LargeBinary, nullable=False, doc="AES-256-GCM: nonce, then ciphertext and tag"),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime, doc="Null: no end set"),
    Column("made_by", CLIENT_ID, nullable=False),
)
