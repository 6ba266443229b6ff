"""The tables of one node. Column types work on PostgreSQL and SQLite alike; times are aware, in UTC."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from lienthong.shared.database import UtcDateTime
from lienthong.shared.inbox import inbox_table
from lienthong.shared.outbox import outbox_table

metadata = MetaData()
ID = String(36)
CODE = String(64)
HASH = String(64)
"""SHA-256, 64 lower-case hexadecimal digits."""

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)

documents = Table(
    "documents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(16), nullable=False, doc="DocumentKind"),
    Column("business_type", Integer, doc="BusinessType; null in a status"),
    Column("origin", CODE, nullable=False, doc="Node that accepted it from its sender"),
    Column("sender", CODE, nullable=False, doc="Agency code, as the directory has it"),
    Column("sender_document_id", String(200), nullable=False, doc="DocumentId of the package; opaque"),
    Column("subject", Text, nullable=False),
    Column("notation", String(200), nullable=False, doc="Number and symbol, 7816/VPCP-TTĐT"),
    Column("priority", Integer, nullable=False),
    Column("package_sha256", String(64), nullable=False, index=True),
    Column("package_size", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("content", JSON(none_as_null=True), doc="PackageContent; null on a node that only relays"),
    Column("report", JSON(none_as_null=True), doc="Validation report of this node; null on a node that only relays"),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("submitted_by", String(200), nullable=False, server_default="", doc="Client id; empty beyond the origin"),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("replies_to", ID, doc="A status: the platform document that it speaks of, when it is known here"),
    Column("amends", JSON(none_as_null=True), doc="Ids of documents that a recall, update or replacement speaks of"),
    Column("expires_at", UtcDateTime, doc="The sender's deadline; null: none"),
    Index("documents_by_sender", "sender", "id"),
    Index("documents_by_sender_document_id", "sender", "sender_document_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id"), nullable=False, index=True),
    Column("addressed_to", String(64), nullable=False, doc="The code as the package has it"),
    Column("agency", CODE, nullable=False, doc="The agency responsible, as the directory has it"),
    Column("node", CODE, nullable=False, doc="The node that serves it"),
    Column("is_local", Boolean, nullable=False, doc="Whether this node serves the recipient: it is in an inbox here"),
    Column("transport_status", String(16), nullable=False, doc="TransportStatus"),
    Column("transport_detail", Text, nullable=False, server_default=""),
    Column(
        "transport_reason", String(64), nullable=False, server_default="", doc="Of fail: FailReason or a problem's code"
    ),
    Column("business_status", String(2), doc="The furthest BusinessStatus; null: none yet"),
    Column("lease_token", String(36)),
    Column("lease_until", UtcDateTime),
    Column("claimed_by", String(200)),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, doc="That of the document"),
    Column("consigned_at", UtcDateTime, doc="At the origin: when it heard that a document with a deadline arrived"),
    Index("deliveries_inbox", "agency", "is_local", "transport_status", "id"),
    Index(
        "deliveries_deadline",
        "transport_status",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
)

statuses = Table(
    "statuses",
    metadata,
    Column("id", ID, primary_key=True, doc="The status package's own document id"),
    Column("document_id", ID, ForeignKey("documents.id"), nullable=False, index=True),
    Column("delivery_id", ID, ForeignKey("deliveries.id"), nullable=False),
    Column("code", String(2), nullable=False),
    Column("description", Text, nullable=False),
    Column("staff", JSON(none_as_null=True)),
    Column("at", UtcDateTime, nullable=False, doc="When the recipient's node accepted it"),
    Column("applied", Boolean, nullable=False, doc="False: late or repeated; kept, not applied"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id"), doc="Null: a rejection without a document"),
    Column("event", String(64), nullable=False),
    Column("issuer", CODE, nullable=False, doc="Node"),
    Column("time", UtcDateTime, nullable=False),
    Column("jws", Text, nullable=False, doc="Compact JWS"),
    Column("claims", JSON, nullable=False, doc="The verified payload, for reading"),
    Index("evidence_by_document", "document_id", "id"),
)

evidence_log = Table(
    "evidence_log",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False, doc="0 is the first"),
    Column("evidence_id", ID, ForeignKey("evidence.id"), nullable=False, unique=True),
    Column("leaf_hash", HASH, nullable=False, doc="SHA-256(0x00 || jws). Source: RFC 9162 section 2.1.1"),
)
"""The leaves of this node's log."""

evidence_pending = Table(
    "evidence_pending",
    metadata,
    Column("evidence_id", ID, ForeignKey("evidence.id"), primary_key=True),
)
"""This node's own evidence that the sequencer has not yet put into the log: appending locks no head of the log."""

submissions = Table(
    "submissions",
    metadata,
    Column("client_id", String(200), primary_key=True),
    Column("key", String(200), primary_key=True, doc="Idempotency-Key, or 'sha256:<package>' when there was none"),
    Column("request_sha256", String(64), nullable=False, doc="Of what was sent: a repeated key must repeat it"),
    Column("document_id", ID, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False, doc="The 201 answer, byte for byte"),
    Column("created_at", UtcDateTime, nullable=False),
)
