"""Events: what agencies are told about their documents."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NUMBERED, UNNUMBERED = sa.text("position IS NOT NULL"), sa.text("position IS NULL")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("delivery_id", sa.String(36)),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("events_position", "events", ["position"], unique=True)
    op.create_index(
        "events_of_agency", "events", ["agency", "position"], postgresql_where=NUMBERED, sqlite_where=NUMBERED
    )
    op.create_index("events_unnumbered", "events", ["number"], postgresql_where=UNNUMBERED, sqlite_where=UNNUMBERED)
    op.create_index("events_by_time", "events", ["time"])


def downgrade() -> None:
    op.drop_table("events")
