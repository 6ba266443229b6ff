"""The evidence log as a Merkle tree, with checkpoints, time stamps, witnesses' signatures, alarms and open marks."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime
from lienthong.shared.merkle import grown

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.String(36)
TEXT_64 = sa.String(64)
APPEND_ONLY = (
    "evidence",
    "evidence_log",
    "evidence_log_subtrees",
    "log_checkpoints",
    "log_time_stamps",
    "log_cosignatures",
    "witnessed_checkpoints",
    "later_reports",
)
"""Tables whose rows neither change nor go."""


def upgrade() -> None:
    op.drop_column("evidence_log", "chain_hash")
    _create_log()
    _create_witness()
    _create_marks()
    _grow_tree()
    _refuse_changes()


def _create_log() -> None:
    op.create_table(
        "evidence_log_subtrees",
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hash", TEXT_64, nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("root", TEXT_64, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("certificates", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_time_stamps",
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoints.size"]),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_cosignatures",
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("witness", TEXT_64, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("certificates", sa.JSON(), nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoints.size"]),
        sa.PrimaryKeyConstraint("size", "witness"),
    )


def _create_witness() -> None:
    op.create_table(
        "witnessed_checkpoints",
        sa.Column("node", TEXT_64, nullable=False),
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("root", TEXT_64, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("node", "size"),
    )
    op.create_table(
        "witness_progress",
        sa.Column("node", TEXT_64, nullable=False),
        sa.Column("audited", sa.BigInteger, nullable=False),
        sa.Column("rolling", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("node"),
    )
    op.create_table(
        "alarms",
        sa.Column("id", ID, nullable=False),
        sa.Column("node", TEXT_64, nullable=False),
        sa.Column("violation", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("held_note", sa.Text, server_default="", nullable=False),
        sa.Column("seen_note", sa.Text, server_default="", nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.Column("last_seen_at", UtcDateTime, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("cleared_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alarms_of_node", "alarms", ["node", "violation"])


def _create_marks() -> None:
    op.create_table(
        "revocation_pending",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("document_id"),
    )
    op.create_index("ix_revocation_pending_next_attempt_at", "revocation_pending", ["next_attempt_at"])
    op.create_table(
        "later_reports",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("checked_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("document_id"),
    )


def _grow_tree() -> None:
    """The subtrees over the leaves that are there already: their hashes were RFC 9162's from the beginning."""
    leaves = sa.table("evidence_log", sa.column("index"), sa.column("leaf_hash"))
    subtrees = sa.table("evidence_log_subtrees", sa.column("level"), sa.column("number"), sa.column("hash"))
    rows = op.get_bind().execute(sa.select(leaves.c.leaf_hash).order_by(leaves.c.index))
    tree = grown(0, {}, [bytes.fromhex(row.leaf_hash) for row in rows])
    if new := [{"level": at.level, "number": at.number, "hash": one.hex()} for at, one in tree.items() if at.level]:
        op.bulk_insert(subtrees, new)


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("The chain that the log was before cannot be made from the tree")
