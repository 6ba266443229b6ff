"""The directory, its versions, and clients."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CODE = sa.String(64)
CLIENT_ID = sa.String(200)


def upgrade() -> None:
    _create_versions()
    _create_directory()
    _create_clients()


def _create_versions() -> None:
    head = op.create_table(
        "directory_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "version": 0, "changed_at": datetime.now(UTC)}])
    op.create_table(
        "directory_versions",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", CLIENT_ID, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
    )


def _create_directory() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", CODE, primary_key=True),
        sa.Column("parent", CODE, sa.ForeignKey("nodes.id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("broker", sa.String(100), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "agencies",
        sa.Column("code", CODE, primary_key=True),
        sa.Column("old_code", CODE, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_search", sa.Text, nullable=False),
        sa.Column("parent", CODE, sa.ForeignKey("agencies.code"), index=True),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("node", CODE, sa.ForeignKey("nodes.id")),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("valid_from", UtcDateTime),
        sa.Column("valid_to", UtcDateTime),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Index("agencies_by_level", "level", "code"),
    )
    op.create_table(
        "delegations",
        sa.Column("principal", CODE, sa.ForeignKey("agencies.code"), primary_key=True),
        sa.Column("delegate", CODE, sa.ForeignKey("agencies.code"), primary_key=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )


def _create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", CLIENT_ID, primary_key=True),
        sa.Column("agency", CODE, sa.ForeignKey("agencies.code")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("secret_hash", sa.Text),
        sa.Column("jwk", sa.JSON),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "spent_assertions",
        sa.Column("client_id", CLIENT_ID, primary_key=True),
        sa.Column("jti", sa.String(200), primary_key=True),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    for name in (
        "spent_assertions",
        "clients",
        "delegations",
        "agencies",
        "nodes",
        "directory_versions",
        "directory_head",
    ):
        op.drop_table(name)
