"""Deliveries as they stand at this node, for an audit that compares nodes."""

from collections.abc import Collection, Sequence

from lienthong.exchange.storage.audit_deliveries import StandingDelivery, chosen_deliveries, standing_deliveries
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import DeliveryId


async def list_standing(after: DeliveryId, process: Process, *, limit: int) -> Sequence[StandingDelivery]:
    """At most ``limit`` beyond ``after``, by id."""
    async with process.database.read() as connection:
        return await standing_deliveries(connection, after, limit=limit)


async def find_standing(ids: Collection[DeliveryId], process: Process) -> Sequence[StandingDelivery]:
    """Those of ``ids`` that are here, as they stand now."""
    async with process.database.read() as connection:
        return await chosen_deliveries(connection, ids)
