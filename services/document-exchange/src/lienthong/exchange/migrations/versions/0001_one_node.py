"""Documents, deliveries, statuses, evidence, submissions, and the messages between nodes."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(36)
TEXT_64 = sa.String(64)


def upgrade() -> None:
    _create_documents()
    _create_deliveries()
    _create_evidence()
    _create_messages()
    _create_submissions()


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("business_type", sa.Integer),
        sa.Column("origin", TEXT_64, nullable=False),
        sa.Column("sender", TEXT_64, nullable=False),
        sa.Column("sender_document_id", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("notation", sa.String(length=200), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("package_sha256", TEXT_64, nullable=False),
        sa.Column("package_size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True)),
        sa.Column("report", sa.JSON(none_as_null=True)),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.Column("submitted_by", sa.String(length=200), server_default="", nullable=False),
        sa.Column("stored_at", UtcDateTime, nullable=False),
        sa.Column("replies_to", ID),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("documents_by_sender", "documents", ["sender", "id"])
    op.create_index("documents_by_sender_document_id", "documents", ["sender", "sender_document_id"])
    op.create_index("ix_documents_package_sha256", "documents", ["package_sha256"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("addressed_to", TEXT_64, nullable=False),
        sa.Column("agency", TEXT_64, nullable=False),
        sa.Column("node", TEXT_64, nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("transport_status", sa.String(length=16), nullable=False),
        sa.Column("transport_detail", sa.Text, server_default="", nullable=False),
        sa.Column("business_status", sa.String(length=2)),
        sa.Column("lease_token", ID),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("claimed_by", sa.String(length=200)),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deliveries_inbox", "deliveries", ["agency", "is_local", "transport_status", "id"])
    op.create_index("ix_deliveries_document_id", "deliveries", ["document_id"])
    op.create_table(
        "statuses",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("staff", sa.JSON(none_as_null=True)),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"]),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_statuses_document_id", "statuses", ["document_id"])


def _create_evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID),
        sa.Column("event", TEXT_64, nullable=False),
        sa.Column("issuer", TEXT_64, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("jws", sa.Text, nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evidence_document_id", "evidence", ["document_id"])
    op.create_table(
        "evidence_log",
        sa.Column("index", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("evidence_id", ID, nullable=False),
        sa.Column("leaf_hash", TEXT_64, nullable=False),
        sa.Column("chain_hash", TEXT_64, nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"]),
        sa.PrimaryKeyConstraint("index"),
        sa.UniqueConstraint("evidence_id"),
    )
    op.create_table(
        "evidence_pending",
        sa.Column("evidence_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"]),
        sa.PrimaryKeyConstraint("evidence_id"),
    )


def _create_messages() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("destination", TEXT_64, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("body_sha256", TEXT_64),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_in_order", "outbox", ["destination", sa.literal_column("priority DESC"), "id"])
    op.create_table(
        "outbox_destinations",
        sa.Column("destination", TEXT_64, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime),
        sa.Column("last_error", sa.String(length=100)),
        sa.Column("paused", sa.Boolean, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("destination"),
    )


def _create_submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", TEXT_64, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "key"),
    )


def downgrade() -> None:
    for table in (
        "submissions",
        "outbox_destinations",
        "outbox",
        "inbox",
        "evidence_pending",
        "evidence_log",
        "evidence",
        "statuses",
        "deliveries",
        "documents",
    ):
        op.drop_table(table)
