"""Systems that speak the national SDK's interface, and their secrets."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SYSTEM_ID = sa.String(100)
CLIENT_ID = sa.String(200)


def upgrade() -> None:
    op.create_table(
        "systems",
        sa.Column("system_id", SYSTEM_ID, primary_key=True),
        sa.Column("client_id", CLIENT_ID, sa.ForeignKey("clients.client_id"), nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", CLIENT_ID, nullable=False),
    )
    op.create_index("ix_systems_client_id", "systems", ["client_id"])
    op.create_table(
        "system_secrets",
        sa.Column("system_id", SYSTEM_ID, sa.ForeignKey("systems.system_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("valid_from", UtcDateTime, nullable=False),
        sa.Column("valid_to", UtcDateTime),
        sa.Column("made_by", CLIENT_ID, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("system_secrets")
    op.drop_table("systems")
