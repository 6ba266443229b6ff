"""The outbox: messages that a transaction wants sent, kept beside its other effects until a broker has them.

:mod:`.entries` writes rows on the caller's transaction; :mod:`.leases` is how a relay takes and settles them;
:mod:`.relay` finds destinations that are due, and gives each a :mod:`.lane` of its own.
"""

from lienthong.shared.outbox.entries import DestinationState, OutboxEntry, add, outbox_table, queue_state
from lienthong.shared.outbox.lane import Pace
from lienthong.shared.outbox.relay import Relay

__all__ = ["DestinationState", "OutboxEntry", "Pace", "Relay", "add", "outbox_table", "queue_state"]
