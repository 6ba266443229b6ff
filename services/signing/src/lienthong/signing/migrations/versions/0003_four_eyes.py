"""Enrolments that a second person decides; remote keys of officers, with the persons who may sign."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("profile", sa.String(32)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("agency", sa.String(64)),
        sa.Column("node", sa.String(64)),
        sa.Column("csr", sa.Text, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("signing_node", sa.String(64)),
        sa.Column("signers", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("certificates", sa.Integer, nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("approved", sa.Boolean),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("serial", sa.String(40), sa.ForeignKey("certificates.serial")),
    )
    op.create_index("enrolments_by_agency", "enrolments", ["agency", "id"])
    op.create_index("enrolments_by_requester", "enrolments", ["requested_by", "id"])
    op.create_index("enrolments_by_digest", "enrolments", ["digest"])
    _keys_of_officers()


def _keys_of_officers() -> None:
    """The key of the table grows; SQLite cannot change one in place."""
    op.rename_table("remote_keys", "remote_keys_of_agencies")
    op.create_table(
        "remote_keys",
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(40), sa.ForeignKey("certificates.serial"), nullable=False),
        sa.Column("node", sa.String(64)),
        sa.Column("signers", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("agency", "officer", name="remote_keys_by_officer"),
    )
    op.execute(
        "INSERT INTO remote_keys (agency, officer, serial, node, signers, created_at) "
        "SELECT agency, '', serial, node, '[]', created_at FROM remote_keys_of_agencies"
    )
    op.drop_table("remote_keys_of_agencies")


def downgrade() -> None:
    op.rename_table("remote_keys", "remote_keys_of_persons")
    op.create_table(
        "remote_keys",
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(40), sa.ForeignKey("certificates.serial"), nullable=False),
        sa.Column("node", sa.String(64)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("agency", name="remote_keys_by_agency"),
    )
    op.execute(
        "INSERT INTO remote_keys (agency, serial, node, created_at) "
        "SELECT agency, serial, node, created_at FROM remote_keys_of_persons WHERE officer = ''"
    )
    op.drop_table("remote_keys_of_persons")
    op.drop_table("enrolments")
