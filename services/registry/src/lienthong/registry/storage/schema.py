"""The registry's tables. Column types work on PostgreSQL and SQLite alike; times are aware, in UTC."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from lienthong.shared.database import UtcDateTime

metadata = MetaData()
CODE = String(64)
CLIENT_ID = String(200)

directory_head = Table(
    "directory_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, doc="Always 1"),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""One row. Every change of the directory locks it first, so changes come one after the other."""

directory_versions = Table(
    "directory_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", CLIENT_ID, nullable=False),
    Column("change", Text, nullable=False, doc="One line for people"),
    Column("reorganisation", String(36), doc="The act that it came of; null: an operator's own change"),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", CODE, primary_key=True),
    Column("parent", CODE, ForeignKey("nodes.id")),
    Column("name", Text, nullable=False),
    Column("level", String(16), nullable=False, doc="Level"),
    Column("broker", String(100), nullable=False),
    Column("url", Text, nullable=False, doc="Without a trailing slash"),
    Column("version", BigInteger, nullable=False, doc="Directory version that last changed it"),
)

agencies = Table(
    "agencies",
    metadata,
    Column("code", CODE, primary_key=True),
    Column("old_code", CODE, unique=True, doc="Code of QCVN 102:2016"),
    Column("name", Text, nullable=False),
    Column("name_search", Text, nullable=False, doc="Lower case, without diacritics"),
    Column("parent", CODE, ForeignKey("agencies.code")),
    Column("level", String(16), nullable=False, doc="Level"),
    Column("node", CODE, ForeignKey("nodes.id"), doc="Of a closed one: the last"),
    Column("email", Text, nullable=False),
    Column("valid_from", UtcDateTime, doc="Null: since before the registry"),
    Column("valid_to", UtcDateTime, doc="Null: open; else closed since then"),
    Column("succession", String(16), doc="SuccessionRule, of a closed one with several successors"),
    Column("version", BigInteger, nullable=False, index=True, doc="Directory version that last changed it"),
    Index("agencies_by_level", "level", "code"),
    Index("agencies_by_parent", "parent", "code"),
)
"""What each code stands for now, or stood for last: the newest of its rows in ``agency_versions``."""

delegations = Table(
    "delegations",
    metadata,
    Column("principal", CODE, ForeignKey("agencies.code"), primary_key=True),
    Column("delegate", CODE, ForeignKey("agencies.code"), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("client_id", CLIENT_ID, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), doc="Null: an operator or a node"),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False, doc="Sorted list of Scope"),
    Column("secret_hash", Text, doc="scrypt, with its parameters; null: no secret"),
    Column("jwk", JSON, doc="Public key for private_key_jwt; null: none"),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

spent_assertions = Table(
    "spent_assertions",
    metadata,
    Column("client_id", CLIENT_ID, primary_key=True),
    Column("jti", String(200), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True, doc="Forgotten afterwards: refused as expired"),
)
"""Client assertions that were used. Source: RFC 7523 section 3 item 7."""
