"""Reads how a node stands: what is open, and whether it is safe to stop it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.storage.draining import Draining, find_draining
from lienthong.exchange.storage.node_state import count_open
from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.process import Process
from lienthong.shared.outbox import queue_state


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """One look at a node."""

    draining: Draining | None
    outbox: int
    """Messages that no broker has, for destinations that are not paused."""
    outbox_paused: int
    """Likewise for paused destinations: they stay."""
    outbox_sent: int
    """Messages that brokers have and next hops have not acknowledged: kept, and sent again if they are lost."""
    oldest_at: datetime | None
    """Since when the oldest message waits."""
    failing: int
    """Destinations whose last attempt failed."""
    open: Mapping[str, int]
    """See :func:`~lienthong.exchange.storage.node_state.count_open`."""

    @property
    def is_drained(self) -> bool:
        """Nothing new is taken in, and nothing that could leave is left."""
        return self.draining is not None and self.outbox == 0


async def read_state(process: Process) -> NodeState:
    """The node as it stands now."""
    async with process.database.read() as connection:
        draining = await find_draining(connection)
        destinations = await queue_state(connection, outbox)
        found = await count_open(connection, process.clock())
    return NodeState(
        draining=draining,
        outbox=sum(one.backlog - one.sent for one in destinations if not one.paused),
        outbox_paused=sum(one.backlog - one.sent for one in destinations if one.paused),
        outbox_sent=sum(one.sent for one in destinations),
        oldest_at=min((one.oldest_at for one in destinations if one.oldest_at is not None), default=None),
        failing=sum(1 for one in destinations if one.attempts),
        open=found,
    )
