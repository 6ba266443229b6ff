"""The table of events: what agencies of this node are told."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from lienthong.exchange.storage.schema import CODE, ID, metadata
from lienthong.shared.database import UtcDateTime

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the key is an ``INTEGER``."""

events = Table(
    "events",
    metadata,
    Column("number", NUMBER, primary_key=True, doc="Drawn while the transaction ran: may be committed out of order"),
    Column("position", BigInteger, doc="Place in the feed, 1 is the first; null: committed, and not numbered yet"),
    Column("id", ID, nullable=False, doc="CloudEvents id"),
    Column("type", String(100), nullable=False, doc="EventType"),
    Column("time", UtcDateTime, nullable=False),
    Column("agency", CODE, nullable=False, doc="Whom it is for; this node serves it"),
    Column("document_id", ID, nullable=False),
    Column("delivery_id", ID),
    Column("data", JSON, nullable=False, doc="What the type adds"),
)
"""Append-only, except that each row gets its position once, and goes when it is old."""

_numbered = events.c.position.is_not(None)
_unnumbered = events.c.position.is_(None)
Index("events_position", events.c.position, unique=True)
Index("events_of_agency", events.c.agency, events.c.position, postgresql_where=_numbered, sqlite_where=_numbered)
Index("events_unnumbered", events.c.number, postgresql_where=_unnumbered, sqlite_where=_unnumbered)
Index("events_by_time", events.c.time)
