"""What was said of agencies, nodes, delegations and clients, and since when. Rows are added, never changed.

A row is good from ``valid_from`` until the next row about the same thing; ``version`` orders what has one date.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Index, Integer, String, Table, Text

from lienthong.registry.storage.schema import CLIENT_ID, CODE, metadata
from lienthong.shared.database import UtcDateTime


def _since() -> list[Column[object]]:
    """From when a row is good, and the decision that it came of."""
    return [
        Column("valid_from", UtcDateTime, doc="Null: since before the registry"),
        Column("decision_number", String(200), doc="Such as 1664/NQ-UBTVQH15; null: an operator's own change"),
        Column("decision_date", Date),
    ]


agency_versions = Table(
    "agency_versions",
    metadata,
    Column("code", CODE, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False, doc="Directory version that made it"),
    Column("closed", Boolean, nullable=False),
    Column("old_code", CODE),
    Column("name", Text, nullable=False),
    Column("parent", CODE),
    Column("level", String(16), nullable=False),
    Column("node", CODE),
    Column("email", Text, nullable=False),
    *_since(),
    Index("agency_versions_by_parent", "parent", "code"),
)

successions = Table(
    "successions",
    metadata,
    Column("code", CODE, primary_key=True, doc="The closed agency"),
    Column("position", Integer, primary_key=True, autoincrement=False, doc="In the order of the act"),
    Column("successor", CODE, nullable=False, index=True, doc="May be closed itself: its successors follow then"),
    Column("version", BigInteger, nullable=False),
)

node_versions = Table(
    "node_versions",
    metadata,
    Column("id", CODE, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("parent", CODE),
    Column("name", Text, nullable=False),
    Column("level", String(16), nullable=False),
    Column("broker", String(100), nullable=False),
    Column("url", Text, nullable=False),
    *_since(),
)

delegation_versions = Table(
    "delegation_versions",
    metadata,
    Column("principal", CODE, primary_key=True),
    Column("delegate", CODE, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False, doc="False: taken back"),
    *_since(),
)

client_versions = Table(
    "client_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", CLIENT_ID, nullable=False, index=True),
    Column("agency", CODE),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    *_since(),
)
