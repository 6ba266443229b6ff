"""Lists and counts what arrived for agencies, waiting or not."""

from lienthong.exchange.domain.vxp.lists import Received, ReceivedQuery
from lienthong.exchange.storage import received
from lienthong.exchange.usecases.process import Process


async def list_received(query: ReceivedQuery, process: Process) -> list[Received]:
    """A page, in the order in which the documents were accepted."""
    async with process.database.read() as connection:
        return await received.received_deliveries(connection, query, now=process.clock())


async def count_received(query: ReceivedQuery, process: Process) -> int:
    """How many there are on all pages."""
    async with process.database.read() as connection:
        return await received.count_received(connection, query, now=process.clock())
