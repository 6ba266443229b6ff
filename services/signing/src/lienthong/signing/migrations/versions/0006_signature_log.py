"""The log of signatures with remote keys; the database itself refuses to change or delete a line."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signature_log",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(40)),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
    )
    op.create_index("signature_log_by_agency", "signature_log", ["agency", "id"])
    op.create_index("signature_log_by_key", "signature_log", ["serial", "at"])
    op.create_index("signature_log_by_caller", "signature_log", ["caller", "at"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER signature_log_kept_{act.lower()} BEFORE {act} ON signature_log "
                "BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION signature_log_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''the log is only added to''; END'"
    )
    op.execute(
        "CREATE TRIGGER signature_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON signature_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION signature_log_kept()"
    )


def downgrade() -> None:
    op.drop_table("signature_log")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION signature_log_kept()")
