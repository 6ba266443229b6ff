"""Receive, flow 10: give waiting deliveries to one client for a while."""

from dataclasses import replace
from datetime import timedelta

from lienthong.exchange.domain.leases import Lease
from lienthong.exchange.domain.listings import Claim, InboxQuery
from lienthong.exchange.storage.inbox_view import claim
from lienthong.exchange.storage.redeliveries import claim_again
from lienthong.exchange.usecases.process import Process


async def claim_deliveries(query: InboxQuery, process: Process, *, client_id: str, lease: timedelta) -> list[Claim]:
    """Claims at most ``query.limit`` deliveries, the most urgent first, and redeliveries after them.

    A client that dies, or never hears the answer, keeps nothing: its lease lapses and the deliveries are claimed again.
    """
    now = process.clock()
    async with process.database.begin() as connection:
        given = Lease(client_id=client_id, until=now + lease)
        claims = await claim(connection, query, lease=given, now=now)
        if len(claims) < query.limit:
            rest = replace(query, limit=query.limit - len(claims))
            claims += await claim_again(connection, rest, lease=given, now=now)
        return claims
