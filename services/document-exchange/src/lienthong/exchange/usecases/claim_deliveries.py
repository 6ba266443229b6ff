"""Receive, flow 10: give waiting deliveries to one client for a while."""

from datetime import timedelta

from lienthong.exchange.domain.leases import Lease
from lienthong.exchange.domain.listings import Claim, InboxQuery
from lienthong.exchange.storage.inbox_view import claim
from lienthong.exchange.usecases.process import Process


async def claim_deliveries(query: InboxQuery, process: Process, *, client_id: str, lease: timedelta) -> list[Claim]:
    """Claims at most ``query.limit`` deliveries, the most urgent first.

    A client that dies, or never hears the answer, keeps nothing: its lease lapses and the deliveries are claimed again.
    """
    now = process.clock()
    async with process.database.begin() as connection:
        return await claim(connection, query, lease=Lease(client_id=client_id, until=now + lease), now=now)
