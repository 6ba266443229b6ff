"""The tables about logs: this node's own beyond its leaves, what it witnesses, and marks that are to be cleared."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from lienthong.exchange.storage.schema import CODE, HASH, ID, metadata
from lienthong.shared.database import UtcDateTime

evidence_log_subtrees = Table(
    "evidence_log_subtrees",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False, doc="At least 1: leaves are in evidence_log"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, doc="0 is the leftmost of its level"),
    Column("hash", HASH, nullable=False),
)
"""Hashes of perfect subtrees, each written once, when its last leaf comes: as many rows as leaves."""

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", HASH, nullable=False),
    Column("note", Text, nullable=False, doc="Signed note with the log's own signature"),
    Column("certificates", JSON, nullable=False, doc="PEM of the seal that signed it, leaf first"),
    Column("created_at", UtcDateTime, nullable=False),
)

log_time_stamps = Table(
    "log_time_stamps",
    metadata,
    Column("size", BigInteger, ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False),
    Column("time", UtcDateTime, nullable=False, doc="genTime"),
    Column("token", LargeBinary, nullable=False, doc="TimeStampToken, DER, over SHA-256 of the note's body"),
)

log_cosignatures = Table(
    "log_cosignatures",
    metadata,
    Column("size", BigInteger, ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False),
    Column("witness", CODE, primary_key=True),
    Column("line", Text, nullable=False),
    Column("certificates", JSON, nullable=False, doc="PEM, leaf first"),
    Column("time", UtcDateTime, nullable=False),
)

witnessed_checkpoints = Table(
    "witnessed_checkpoints",
    metadata,
    Column("node", CODE, primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", HASH, nullable=False),
    Column("note", Text, nullable=False, doc="As the node handed it out"),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""Checkpoints of other nodes that this one found consistent and co-signed; the largest is the last."""

witness_progress = Table(
    "witness_progress",
    metadata,
    Column("node", CODE, primary_key=True),
    Column("audited", BigInteger, nullable=False, doc="Entries from the first on that were read and proven"),
    Column("rolling", BigInteger, nullable=False, doc="Where the window of old entries goes on"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", ID, primary_key=True),
    Column("node", CODE, nullable=False, doc="Whose log it is about"),
    Column("violation", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("held_note", Text, nullable=False, server_default="", doc="The checkpoint co-signed last"),
    Column("seen_note", Text, nullable=False, server_default="", doc="The checkpoint that does not agree with it"),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("rounds", Integer, nullable=False, doc="In how many rounds it was seen"),
    Column("cleared_at", UtcDateTime, doc="Only what is no violation clears by itself"),
    Index("alarms_of_node", "node", "violation"),
)

revocation_pending = Table(
    "revocation_pending",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UtcDateTime, nullable=False, index=True),
)
"""Documents that were accepted while nobody could say whether a certificate was revoked."""

later_reports = Table(
    "later_reports",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id"), primary_key=True),
    Column("report", JSON, nullable=False, doc="With revocation data of later; the first one stays in documents"),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("revoked", Boolean, nullable=False, server_default=false(), doc="A certificate was revoked before receipt"),
)
