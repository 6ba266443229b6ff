"""Recalls, updates and replacements."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.String(36)
CODE = sa.String(64)
DOCUMENT_ID = sa.String(200)


def upgrade() -> None:
    op.add_column("documents", sa.Column("amends", sa.JSON))
    _create_requests()
    _create_outcomes()


def _create_requests() -> None:
    op.create_table(
        "amendment_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("origin", CODE, nullable=False),
        sa.Column("sender", CODE, nullable=False),
        sa.Column("own_document_id", DOCUMENT_ID, nullable=False),
        sa.Column("document_ids", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "amendments_awaited",
        sa.Column("request_id", ID, nullable=False),
        sa.Column("target", DOCUMENT_ID, nullable=False),
        sa.Column("recipient", CODE, nullable=False),
        sa.Column("sender", CODE, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["amendment_requests.id"]),
        sa.PrimaryKeyConstraint("request_id", "target", "recipient"),
    )
    op.create_index("amendments_awaited_by_target", "amendments_awaited", ["sender", "target"])


def _create_outcomes() -> None:
    op.create_table(
        "amendments",
        sa.Column("request_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("recipient", CODE, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("answer_reason", sa.Text, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["amendment_requests.id"]),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"]),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("request_id", "delivery_id"),
    )
    op.create_index("ix_amendments_document_id", "amendments", ["document_id"])
    op.create_index("amendments_by_delivery", "amendments", ["delivery_id", "state"])
    op.create_table(
        "amendment_answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("sender", CODE, nullable=False),
        sa.Column("recipient", CODE, nullable=False),
        sa.Column("target", DOCUMENT_ID, nullable=False),
        sa.Column("replies_to", ID),
        sa.Column("code", sa.String(2), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("amendment_answers_by_parties", "amendment_answers", ["sender", "recipient"])


def downgrade() -> None:
    for table in ("amendment_answers", "amendments", "amendments_awaited", "amendment_requests"):
        op.drop_table(table)
    op.drop_column("documents", "amends")
