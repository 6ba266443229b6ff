"""Which certificate renews which."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certificates", sa.Column("renews", sa.String(40)))
    op.create_index("certificates_by_renewed", "certificates", ["renews"], unique=True)


def downgrade() -> None:
    op.drop_index("certificates_by_renewed", "certificates")
    op.execute("ALTER TABLE certificates DROP COLUMN renews")  # a copy of the table would break what refers to it
