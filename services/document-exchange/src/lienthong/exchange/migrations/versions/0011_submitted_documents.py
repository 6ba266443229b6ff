"""The submission of a document is found by the document."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_submissions_document_id", "submissions", ["document_id"])


def downgrade() -> None:
    op.drop_index("ix_submissions_document_id", "submissions")
