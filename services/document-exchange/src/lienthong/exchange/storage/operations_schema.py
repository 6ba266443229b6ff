"""The tables behind the operators' hands: their acts, dead letters, draining, documents that are handed out again."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    true,
)

from lienthong.exchange.storage.schema import CODE, HASH, ID, metadata
from lienthong.shared.database import UtcDateTime

CLIENT = String(200)

admin_acts = Table(
    "admin_acts",
    metadata,
    Column("id", ID, primary_key=True, doc="UUIDv7: grows with time"),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", CLIENT, nullable=False, doc="Client id"),
    Column("act", String(40), nullable=False, doc="ActKind"),
    Column("subject", String(200), nullable=False, doc="What it was done to: a node, an agency, a dead letter"),
    Column("reason", Text, nullable=False, doc="In the operator's words"),
    Column("detail", JSON, nullable=False, doc="What it came to, such as counts"),
)
"""What operators did; rows neither change nor go."""

draining = Table(
    "draining",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False, doc="Always 1: there is one row, or none"),
    Column("since", UtcDateTime, nullable=False),
    Column("actor", CLIENT, nullable=False),
    Column("reason", Text, nullable=False),
)
"""While there is a row, the node takes nothing new in."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", ID, primary_key=True),
    Column("fingerprint", HASH, nullable=False, unique=True, doc="SHA-256 over message id, envelope and body"),
    Column("message_id", String(200), nullable=False, index=True, doc="As the message has it; not verified"),
    Column("code", String(100), nullable=False, doc="Why it died last: a problem code, or delivery-limit"),
    Column("detail", Text, nullable=False, doc="Of the last judgement here, after a replay; else empty"),
    Column("state", String(16), nullable=False, doc="LetterState"),
    Column("claimed_kind", String(16), nullable=False, doc="EnvelopeKind; empty: not to be read"),
    Column("claimed_issuer", CODE, nullable=False, doc="Node; not verified"),
    Column("claimed_document", ID, nullable=False, doc="Not verified"),
    Column("envelope", LargeBinary, nullable=False, doc="As it came, UTF-8; empty if it is too large for any envelope"),
    Column("body", LargeBinary, doc="Null: none, dropped since it is larger than any inline package, or taken"),
    Column("body_sha256", HASH, doc="Of the body that came; null: none came"),
    Column("body_size", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False, doc="How often it came out of the dead queue"),
    Column("replays", Integer, nullable=False),
    Column("next_replay_at", UtcDateTime, doc="While it is asked for and something is away"),
    Column("act_id", ID, doc="The act that asked for its last replay, or discarded it"),
    Column("settled_at", UtcDateTime, doc="When it was taken or discarded"),
    Index("dead_letters_by_state", "state", "id"),
    Index("dead_letters_by_act", "act_id", "id"),
)

refused_envelopes = Table(
    "refused_envelopes",
    metadata,
    Column("message_id", ID, primary_key=True, doc="MessageId; verified"),
    Column("document_id", ID, nullable=False),
    Column("code", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""Envelopes whose origin was told, with evidence, that the document is refused here: that is final."""

redelivery_orders = Table(
    "redelivery_orders",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key", String(200), nullable=False, unique=True, doc="Idempotency-Key"),
    Column("agency", CODE, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, doc="When it was ordered: the set does not grow"),
    Column("reached", ID, nullable=False, doc="The last delivery that was looked at; empty: none yet"),
    Column("made", Integer, nullable=False, doc="Redeliveries so far"),
    Column("is_complete", Boolean, nullable=False, server_default=true()),
)

redeliveries = Table(
    "redeliveries",
    metadata,
    Column("delivery_id", ID, ForeignKey("deliveries.id"), primary_key=True),
    Column("order_id", ID, ForeignKey("redelivery_orders.id"), primary_key=True),
    Column("agency", CODE, nullable=False, doc="That of the delivery"),
    Column("priority", Integer, nullable=False, doc="That of the document"),
    Column("status", String(16), nullable=False, doc="TransportStatus of the redelivery alone"),
    Column("detail", Text, nullable=False),
    Column("lease_token", String(36)),
    Column("lease_until", UtcDateTime),
    Column("claimed_by", CLIENT),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("redeliveries_inbox", "agency", "status", "priority", "delivery_id"),
)
"""Deliveries that were handed over once, and wait for their recipient again. The delivery itself does not change."""
