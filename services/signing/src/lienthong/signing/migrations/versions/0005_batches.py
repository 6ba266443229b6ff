"""Which certificate came of which line of a batch."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_certificates",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("serial", sa.String(40), sa.ForeignKey("certificates.serial"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("batch_certificates")
