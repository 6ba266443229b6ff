"""Outbox rows stay, sent, until the next hop has acknowledged them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITING = sa.text("sent_at IS NULL")
SENT = sa.text("sent_at IS NOT NULL")
IN_ORDER: list[Any] = ["destination", sa.literal_column("priority DESC"), "id"]


def upgrade() -> None:
    op.add_column("outbox", sa.Column("sent_at", UtcDateTime))
    op.add_column("outbox", sa.Column("overdue_at", UtcDateTime))
    op.add_column("outbox", sa.Column("sends", sa.Integer, server_default="0", nullable=False))
    op.drop_index("outbox_in_order", "outbox")
    op.create_index("outbox_waiting", "outbox", IN_ORDER, postgresql_where=WAITING, sqlite_where=WAITING)
    op.create_index("outbox_sent", "outbox", ["destination", "overdue_at"], postgresql_where=SENT, sqlite_where=SENT)


def downgrade() -> None:
    """What is sent and not acknowledged waits again."""
    op.drop_index("outbox_sent", "outbox")
    op.drop_index("outbox_waiting", "outbox")
    op.create_index("outbox_in_order", "outbox", IN_ORDER)
    for column in ("sends", "overdue_at", "sent_at"):
        op.drop_column("outbox", column)
