"""Reads how the nodes stand that this one sends to."""

from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.process import Process
from lienthong.shared.outbox import DestinationState, queue_state


async def list_destinations(process: Process) -> list[DestinationState]:
    """Every next hop that has a backlog, had a failure or is paused, by name."""
    async with process.database.read() as connection:
        return await queue_state(connection, outbox)
