"""Authorities, certificates, revocation lists, remote keys."""

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorities",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "certificates",
        sa.Column("serial", sa.String(40), primary_key=True),
        sa.Column("issuer", sa.String(64), sa.ForeignKey("authorities.name"), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("agency", sa.String(64)),
        sa.Column("node", sa.String(64)),
        sa.Column("pem", sa.Text, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("not_after", UtcDateTime, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("issued_by", sa.String(200), nullable=False),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("revocation_effective_at", UtcDateTime),
        sa.Column("revocation_reason", sa.String(32)),
    )
    op.create_index("certificates_by_issue", "certificates", ["issued_at", "serial"])
    op.create_index("certificates_by_agency", "certificates", ["agency", "issued_at", "serial"])
    op.create_index("certificates_revoked", "certificates", ["issuer", "revoked_at"])
    op.create_table(
        "crls",
        sa.Column("issuer", sa.String(64), sa.ForeignKey("authorities.name"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("this_update", UtcDateTime, nullable=False),
        sa.Column("next_update", UtcDateTime, nullable=False),
    )
    op.create_table(
        "remote_keys",
        sa.Column("agency", sa.String(64), primary_key=True),
        sa.Column("serial", sa.String(40), sa.ForeignKey("certificates.serial"), nullable=False),
        sa.Column("node", sa.String(64)),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("remote_keys", "crls", "certificates", "authorities"):
        op.drop_table(table)
