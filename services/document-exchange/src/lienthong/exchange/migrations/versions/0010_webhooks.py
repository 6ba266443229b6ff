"""Webhooks, and what waits to be sent to them."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.String(36)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ID, nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("types", sa.JSON(none_as_null=True)),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("missed_before", sa.BigInteger),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        sa.Column("failing_since", UtcDateTime),
        sa.Column("next_attempt_at", UtcDateTime),
        sa.Column("last_attempt_at", UtcDateTime),
        sa.Column("last_success_at", UtcDateTime),
        sa.Column("last_error", sa.Text, server_default="", nullable=False),
        sa.Column("paused", sa.String(16)),
        sa.Column("paused_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhooks_of_agency", "webhooks", ["agency", "url"], unique=True)
    op.create_table(
        "webhook_queue",
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("lease_token", ID),
        sa.Column("lease_until", UtcDateTime),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webhook_id", "position"),
    )
    op.create_index("webhook_queue_by_document", "webhook_queue", ["webhook_id", "document_id", "position"])


def downgrade() -> None:
    op.drop_table("webhook_queue")
    op.drop_table("webhooks")
