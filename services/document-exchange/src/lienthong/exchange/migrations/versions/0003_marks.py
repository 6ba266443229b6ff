"""Marks on documents: whether a later report found a revoked certificate; evidence of a document, the oldest first."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("later_reports", sa.Column("revoked", sa.Boolean, server_default=sa.false(), nullable=False))
    op.create_index("evidence_by_document", "evidence", ["document_id", "id"])
    op.drop_index("ix_evidence_document_id", "evidence")


def downgrade() -> None:
    op.create_index("ix_evidence_document_id", "evidence", ["document_id"])
    op.drop_index("evidence_by_document", "evidence")
    op.drop_column("later_reports", "revoked")
