"""The tables of webhooks, and of what waits to be sent to each."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from lienthong.exchange.domain.webhook_addresses import MAX_URL
from lienthong.exchange.domain.webhooks import MAX_DESCRIPTION
from lienthong.exchange.storage.schema import CODE, ID, metadata
from lienthong.shared.database import UtcDateTime

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("agency", CODE, nullable=False, doc="Whose events it gets"),
    Column("owner", CODE, nullable=False, doc="Agency of the client that made it"),
    Column("client_id", String(200), nullable=False),
    Column("url", String(MAX_URL), nullable=False),
    Column("types", JSON(none_as_null=True), doc="EventType; null: every type"),
    Column("description", String(MAX_DESCRIPTION), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("position", BigInteger, nullable=False, doc="Events up to it were queued, or are not for it"),
    Column("missed_before", BigInteger, doc="Events before this position went before they were sent"),
    Column("failures", Integer, nullable=False, server_default="0", doc="In a row"),
    Column("failing_since", UtcDateTime),
    Column("next_attempt_at", UtcDateTime, doc="Null: at once"),
    Column("last_attempt_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("paused", String(16), doc="PauseReason; null: not paused"),
    Column("paused_at", UtcDateTime),
    Index("webhooks_of_agency", "agency", "url", unique=True),
)

webhook_queue = Table(
    "webhook_queue",
    metadata,
    Column("webhook_id", ID, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False, doc="Of the event"),
    Column("document_id", ID, nullable=False, doc="Only the first of a document is sent"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime, doc="Not to be sent before; null: at once"),
    Column("lease_token", ID, doc="Of the attempt that is under way"),
    Column("lease_until", UtcDateTime),
    Index("webhook_queue_by_document", "webhook_id", "document_id", "position"),
)
