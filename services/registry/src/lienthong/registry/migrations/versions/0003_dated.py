"""Agencies, nodes, delegations and clients have a history; agencies are closed and succeeded by acts."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CODE = sa.String(64)
CLIENT_ID = sa.String(200)
HISTORIES = (
    (
        "insert into agency_versions (code, version, closed, old_code, name, parent, level, node, email, valid_from) "
        "select code, version, valid_to is not null, old_code, name, parent, level, node, email, valid_from "
        "from agencies"
    ),
    (
        "insert into node_versions (id, version, parent, name, level, broker, url) "
        "select id, version, parent, name, level, broker, url from nodes"
    ),
    (
        "insert into delegation_versions (principal, delegate, version, active, valid_from) "
        "select principal, delegate, 0, true, created_at from delegations"
    ),
    (
        "insert into client_versions (client_id, agency, name, scopes, active, valid_from) "
        "select client_id, agency, name, scopes, active, created_at from clients order by client_id"
    ),
)
"""What is known at the migration is the first version of each."""


def upgrade() -> None:
    op.add_column("directory_versions", sa.Column("reorganisation", sa.String(36)))
    op.add_column("agencies", sa.Column("succession", sa.String(16)))
    op.drop_index("ix_agencies_parent", "agencies")
    op.create_index("agencies_by_parent", "agencies", ["parent", "code"])
    op.create_index("ix_agencies_version", "agencies", ["version"])
    _create_agency_versions()
    _create_other_versions()
    for statement in HISTORIES:
        op.execute(statement)


def _since() -> list[sa.Column[object]]:
    return [
        sa.Column("valid_from", UtcDateTime),
        sa.Column("decision_number", sa.String(200)),
        sa.Column("decision_date", sa.Date),
    ]


def _create_agency_versions() -> None:
    op.create_table(
        "agency_versions",
        sa.Column("code", CODE, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("old_code", CODE),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent", CODE),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("node", CODE),
        sa.Column("email", sa.Text, nullable=False),
        *_since(),
        sa.Index("agency_versions_by_parent", "parent", "code"),
    )
    op.create_table(
        "successions",
        sa.Column("code", CODE, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("successor", CODE, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )


def _create_other_versions() -> None:
    op.create_table(
        "node_versions",
        sa.Column("id", CODE, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("parent", CODE),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("broker", sa.String(100), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        *_since(),
    )
    op.create_table(
        "delegation_versions",
        sa.Column("principal", CODE, primary_key=True),
        sa.Column("delegate", CODE, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("active", sa.Boolean, nullable=False),
        *_since(),
    )
    op.create_table(
        "client_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("client_id", CLIENT_ID, nullable=False, index=True),
        sa.Column("agency", CODE),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        *_since(),
    )


def downgrade() -> None:
    for name in ("client_versions", "delegation_versions", "node_versions", "successions", "agency_versions"):
        op.drop_table(name)
    op.drop_index("ix_agencies_version", "agencies")
    op.drop_index("agencies_by_parent", "agencies")
    op.create_index("ix_agencies_parent", "agencies", ["parent"])
    op.drop_column("agencies", "succession")
    op.drop_column("directory_versions", "reorganisation")
