"""Drains a node for maintenance: taking in stops, giving out goes on, until nothing is left to be sent.

In the database, so that API and worker see it, and whatever starts later. Stopping a node that is not drained loses
nothing either; a drained one has told its neighbours everything before.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Act, ActKind, Order
from lienthong.exchange.storage.acts import add_act
from lienthong.exchange.storage.draining import Draining, begin_draining, end_draining, find_draining
from lienthong.exchange.usecases.process import Process
from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import new_uuid

RETRY_AFTER: Final = timedelta(seconds=60)


class NodeDraining(Unavailable):
    """The node is being drained for maintenance and takes nothing new in."""

    code = "node-draining"
    title = "The node is in maintenance"


async def require_taking(connection: AsyncConnection) -> None:
    """Raises :class:`NodeDraining` while the node takes nothing in."""
    if await find_draining(connection) is not None:
        raise NodeDraining(
            "This node is being drained for maintenance; send again later. What you sent before is on its way.",
            retry_after=RETRY_AFTER,
        )


async def require_open(process: Process) -> None:
    """Likewise, outside any transaction: what begins now may still be taken in while draining begins."""
    async with process.database.read() as connection:
        await require_taking(connection)


async def is_draining(process: Process) -> bool:
    """Whether the node takes nothing in now."""
    async with process.database.read() as connection:
        return await find_draining(connection) is not None


async def drain(process: Process, *, order: Order) -> None:
    """From now on nothing new is taken in; repeated, it has no effect."""
    now = process.clock()
    async with process.database.begin() as connection:
        if await begin_draining(connection, Draining(since=now, order=order)):
            await add_act(connection, _act(ActKind.DRAIN_BEGUN, process, order))


async def undrain(process: Process, *, order: Order) -> None:
    """Takes things in again; repeated, it has no effect."""
    async with process.database.begin() as connection:
        if await end_draining(connection):
            await add_act(connection, _act(ActKind.DRAIN_ENDED, process, order))


def _act(kind: ActKind, process: Process, order: Order) -> Act:
    return Act(id=new_uuid(), at=process.clock(), order=order, kind=kind, subject=process.here)
