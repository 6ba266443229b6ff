"""Packages that are to go; which document an outbox row carries, so that its package stays."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from lienthong.shared.database import UtcDateTime
from lienthong.shared.signatures.seals import claimed_payload

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROWS_AT_ONCE = 500
_outbox = sa.table("outbox", sa.column("id"), sa.column("envelope"), sa.column("document_id"))


def upgrade() -> None:
    op.create_table(
        "package_removals",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("marked_at", UtcDateTime, nullable=False),
        sa.Column("removed_at", UtcDateTime),
    )
    op.create_index("package_removals_due", "package_removals", ["removed_at", "marked_at"])
    op.add_column("outbox", sa.Column("document_id", sa.String(36)))
    op.create_index("ix_outbox_document_id", "outbox", ["document_id"])
    _name_documents()


def downgrade() -> None:
    op.drop_index("ix_outbox_document_id", "outbox")
    op.drop_column("outbox", "document_id")
    op.drop_table("package_removals")


def _name_documents() -> None:
    """Of what waits to be sent."""
    connection, last = op.get_bind(), ""
    while rows := connection.execute(_waiting(last)).all():
        last = rows[-1].id
        _write([(row.id, document) for row in rows if (document := _carried(row.envelope))])


def _waiting(after: str) -> sa.Select[tuple[str, str]]:
    columns = (_outbox.c.id, _outbox.c.envelope)
    return sa.select(*columns).where(_outbox.c.id > after).order_by(_outbox.c.id).limit(ROWS_AT_ONCE)


def _carried(envelope: str) -> str | None:
    claims = json.loads(claimed_payload(envelope))
    return str(claims["document"]["id"]) if claims["kind"] == "document" else None


def _write(found: Sequence[tuple[str, str]]) -> None:
    for row, document in found:
        op.execute(_outbox.update().where(_outbox.c.id == row).values(document_id=document))
