"""The outbox: messages that a transaction wants sent, kept beside its other effects until the next hop has them.

:mod:`.entries` writes rows on the caller's transaction; :mod:`.leases` is how a relay takes and settles them;
:mod:`.relay` finds destinations that are due, and gives each a :mod:`.lane` of its own; :mod:`.acknowledgements` ends
a row when the next hop has it, and finds those that were lost on the way.
"""

from lienthong.shared.outbox.acknowledgements import acknowledge
from lienthong.shared.outbox.entries import DestinationState, OutboxEntry, add, outbox_table, queue_state
from lienthong.shared.outbox.lane import Pace
from lienthong.shared.outbox.relay import Relay

__all__ = ["DestinationState", "OutboxEntry", "Pace", "Relay", "acknowledge", "add", "outbox_table", "queue_state"]
