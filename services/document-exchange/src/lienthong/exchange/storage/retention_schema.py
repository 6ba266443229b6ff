"""The table of packages that are to go, or are gone."""

from sqlalchemy import Column, Index, String, Table

from lienthong.exchange.storage.schema import HASH, metadata
from lienthong.shared.database import UtcDateTime

package_removals = Table(
    "package_removals",
    metadata,
    Column("sha256", HASH, primary_key=True),
    Column("reason", String(16), nullable=False, doc="RemovalReason"),
    Column("marked_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime, doc="Null: marked, and still in the store"),
    Index("package_removals_due", "removed_at", "marked_at"),
)
"""Who adopts the same bytes takes the row away again: the lock on it is what deletion and adoption meet at."""
