"""Deadlines of documents, and why a delivery failed."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HAS_DEADLINE = sa.text("expires_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("documents", sa.Column("expires_at", UtcDateTime))
    op.add_column("deliveries", sa.Column("transport_reason", sa.String(64), server_default="", nullable=False))
    op.add_column("deliveries", sa.Column("expires_at", UtcDateTime))
    op.add_column("deliveries", sa.Column("consigned_at", UtcDateTime))
    op.create_index(
        "deliveries_deadline",
        "deliveries",
        ["transport_status", "expires_at"],
        sqlite_where=HAS_DEADLINE,
        postgresql_where=HAS_DEADLINE,
    )


def downgrade() -> None:
    op.drop_index("deliveries_deadline", "deliveries")
    for column in ("consigned_at", "expires_at", "transport_reason"):
        op.drop_column("deliveries", column)
    op.drop_column("documents", "expires_at")
