"""What operators did, dead letters, draining, and documents that are handed out again."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.String(36)
TEXT_64 = sa.String(64)
CLIENT = sa.String(200)
APPEND_ONLY = ("admin_acts", "refused_envelopes")
"""Tables whose rows neither change nor go."""


def upgrade() -> None:
    _create_acts()
    _create_dead_letters()
    _create_redeliveries()
    _refuse_changes()


def _create_acts() -> None:
    op.create_table(
        "admin_acts",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", CLIENT, nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "draining",
        sa.Column("only", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("actor", CLIENT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )


def _create_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", ID, nullable=False),
        sa.Column("fingerprint", TEXT_64, nullable=False, unique=True),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_kind", sa.String(16), nullable=False),
        sa.Column("claimed_issuer", TEXT_64, nullable=False),
        sa.Column("claimed_document", ID, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("body_sha256", TEXT_64),
        sa.Column("body_size", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.Column("last_seen_at", UtcDateTime, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("replays", sa.Integer, nullable=False),
        sa.Column("next_replay_at", UtcDateTime),
        sa.Column("act_id", ID),
        sa.Column("settled_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("dead_letters_by_state", "dead_letters", ["state", "id"])
    op.create_index("dead_letters_by_act", "dead_letters", ["act_id", "id"])
    op.create_index("ix_dead_letters_message_id", "dead_letters", ["message_id"])
    op.create_table(
        "refused_envelopes",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )


def _create_redeliveries() -> None:
    op.create_table(
        "redelivery_orders",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("agency", TEXT_64, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("reached", ID, nullable=False),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("is_complete", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "redeliveries",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("agency", TEXT_64, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("lease_token", ID),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("claimed_by", CLIENT),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["redelivery_orders.id"]),
        sa.PrimaryKeyConstraint("delivery_id", "order_id"),
    )
    op.create_index("redeliveries_inbox", "redeliveries", ["agency", "status", "priority", "delivery_id"])


def _refuse_changes() -> None:
    """As revision 0002 does for its tables; PostgreSQL has its function already."""
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    for table in ("redeliveries", "redelivery_orders", "refused_envelopes", "dead_letters", "draining", "admin_acts"):
        op.drop_table(table)
