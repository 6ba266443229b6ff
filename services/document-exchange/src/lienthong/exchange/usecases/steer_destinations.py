"""Where this node's messages go: reads how the destinations stand, pauses and resumes them, has them tried at once.

API and relay are separate processes: the relay looks at the table, several times a second.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Act, ActKind, Order
from lienthong.exchange.errors import DirectoryMissing
from lienthong.exchange.storage.acts import add_act
from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.process import Process
from lienthong.shared.directory import NodeUnknown
from lienthong.shared.errors import NotFound
from lienthong.shared.identifiers import NodeId, new_uuid
from lienthong.shared.outbox import DestinationState, queue_state
from lienthong.shared.outbox.steering import pause, resume, retry_now


class DestinationUnknown(NotFound):
    """Nothing goes from here to a node of that name."""

    code = "destination-unknown"
    title = "No such destination"


class Steering(Enum):
    """What an operator may do with a destination."""

    PAUSE = ActKind.DESTINATION_PAUSED
    RESUME = ActKind.DESTINATION_RESUMED
    RETRY = ActKind.DESTINATION_RETRIED


_ACTIONS: Final[dict[Steering, Callable[[AsyncConnection, Table, NodeId], Awaitable[bool]]]] = {
    Steering.PAUSE: pause,
    Steering.RESUME: resume,
    Steering.RETRY: retry_now,
}


async def list_destinations(process: Process) -> list[DestinationState]:
    """Every next hop that has a backlog, had a failure or is paused, by name."""
    async with process.database.read() as connection:
        return await queue_state(connection, outbox)


async def steer_destination(
    steering: Steering, destination: NodeId, process: Process, *, order: Order
) -> DestinationState:
    """Does it, and keeps who did it; what stands so already is no act. Gives how the destination stands then.

    Raises:
        DestinationUnknown: Neither the outbox nor the directory has a node of that name.
    """
    async with process.database.begin() as connection:
        known = {one.destination for one in await queue_state(connection, outbox)}
        if destination not in known and not _in_directory(destination, process):
            raise DestinationUnknown(f"Nothing waits for a node {destination!r}, and the directory does not have it.")
        if await _ACTIONS[steering](connection, outbox, destination):
            act = Act(id=new_uuid(), at=process.clock(), order=order, kind=ActKind(steering.value), subject=destination)
            await add_act(connection, act)
        states = await queue_state(connection, outbox)
    return next(one for one in states if one.destination == destination)


def _in_directory(node: NodeId, process: Process) -> bool:
    try:
        process.directory.current().node(node)
    except (NodeUnknown, DirectoryMissing):
        return False
    return node != process.here
