"""Acts of reorganisation."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CLIENT_ID = sa.String(200)


def upgrade() -> None:
    op.create_table(
        "reorganisations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("effective_at", UtcDateTime, nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("operations", sa.Integer, nullable=False),
        sa.Column("uploaded_by", CLIENT_ID, nullable=False),
        sa.Column("uploaded_at", UtcDateTime, nullable=False),
        sa.Column("approved_by", CLIENT_ID),
        sa.Column("approved_at", UtcDateTime),
        sa.Column("approval_reason", sa.Text),
        sa.Column("withdrawn_by", CLIENT_ID),
        sa.Column("withdrawn_at", UtcDateTime),
        sa.Column("withdrawal_reason", sa.Text),
        sa.Column("applied_at", UtcDateTime),
        sa.Column("version", sa.BigInteger),
        sa.Column("failed_at", UtcDateTime),
        sa.Column("remarks", sa.JSON),
        sa.Column("counts", sa.JSON),
        sa.Column("seals", sa.JSON, nullable=False),
        sa.Index("reorganisations_by_instant", "effective_at"),
    )
    op.create_table(
        "reorganisation_files",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reorganisation_files")
    op.drop_table("reorganisations")
