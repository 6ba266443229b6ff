"""The numbering of time stamps, external authorities, published trust lists."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("certificates_by_profile", "certificates", ["profile", "issued_at", "serial"])
    clock = op.create_table(
        "time_stamp_clock",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("stamped_at", UtcDateTime, nullable=False),
    )
    op.bulk_insert(clock, [{"id": 1, "serial": 0, "stamped_at": datetime.fromtimestamp(0, UTC)}])
    op.create_table(
        "trusted_authorities",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("purposes", sa.JSON, nullable=False),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("not_after", UtcDateTime, nullable=False),
        sa.Column("crls", sa.JSON, nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "trust_lists",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("jws", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("trust_lists", "trusted_authorities", "time_stamp_clock"):
        op.drop_table(table)
    op.drop_index("certificates_by_profile", "certificates")
