"""Tables of recalls, updates and replacements: what is asked, about which delivery, what still waits for the other."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text

from lienthong.exchange.storage.schema import CODE, ID, metadata
from lienthong.shared.database import UtcDateTime

amendment_requests = Table(
    "amendment_requests",
    metadata,
    Column("id", ID, ForeignKey("documents.id"), primary_key=True, doc="The asking package"),
    Column("kind", String(16), nullable=False, doc="AmendmentKind"),
    Column("origin", CODE, nullable=False),
    Column("sender", CODE, nullable=False),
    Column("own_document_id", String(200), nullable=False, doc="DocumentId of the asking package"),
    Column("document_ids", JSON, nullable=False, doc="Of the documents that are meant; empty: DocumentIds must do"),
    Column("reason", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False, doc="When its origin accepted it"),
)

amendments_awaited = Table(
    "amendments_awaited",
    metadata,
    Column("request_id", ID, ForeignKey("amendment_requests.id"), primary_key=True),
    Column("target", String(200), primary_key=True, doc="DocumentId of what is spoken of"),
    Column("recipient", CODE, primary_key=True),
    Column("sender", CODE, nullable=False),
    Index("amendments_awaited_by_target", "sender", "target"),
)
"""What a request speaks of and what has not reached the recipient here: it waits for it."""

amendments = Table(
    "amendments",
    metadata,
    Column("request_id", ID, ForeignKey("amendment_requests.id"), primary_key=True),
    Column("delivery_id", ID, ForeignKey("deliveries.id"), primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id"), nullable=False, index=True, doc="That is amended"),
    Column("recipient", CODE, nullable=False),
    Column("state", String(16), nullable=False, doc="AmendmentState"),
    Column("decided_at", UtcDateTime, doc="Null: asked"),
    Column("answer_reason", Text, nullable=False, server_default=""),
    Index("amendments_by_delivery", "delivery_id", "state"),
)

amendment_answers = Table(
    "amendment_answers",
    metadata,
    Column("id", ID, ForeignKey("documents.id"), primary_key=True, doc="The status package"),
    Column("sender", CODE, nullable=False, doc="Whose document it speaks of"),
    Column("recipient", CODE, nullable=False, doc="Who answers"),
    Column("target", String(200), nullable=False),
    Column("replies_to", ID),
    Column("code", String(2), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("amendment_answers_by_parties", "sender", "recipient"),
)
"""15 and 16 that came before what they answer."""
