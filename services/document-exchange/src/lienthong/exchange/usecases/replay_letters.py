"""What becomes of a letter whose replay an operator asked for; a consumer judges it like every message."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func

from lienthong.exchange.domain.dead_letters import KeptMessage, LetterState
from lienthong.exchange.storage import dead_letters as storage
from lienthong.exchange.storage.operations_schema import dead_letters
from lienthong.exchange.usecases.process import Process
from lienthong.shared.bus import Message
from lienthong.shared.identifiers import MessageId, NodeId

PAUSE: Final = timedelta(seconds=10)
"""Before a letter is tried again that needs something which is away."""


async def due_messages(process: Process, *, limit: int) -> list[KeptMessage]:
    """Messages to be judged again now, the oldest first."""
    async with process.database.read() as connection:
        return await storage.due_replays(connection, now=process.clock(), limit=limit)


def message_of(kept: KeptMessage, here: NodeId) -> Message:
    """The message as the bus would bring it to ``here``."""
    given = kept.message
    return Message(
        id=MessageId(given.id),
        destination=here,
        envelope=given.envelope,
        body=given.body,
        priority=given.priority,
        headers=dict(given.headers),
    )


async def note_taken(letter: str, process: Process) -> None:
    """Its effects are committed, now or before; the package is in the store."""
    now = process.clock()
    await _change(letter, process, state=LetterState.TAKEN.value, settled_at=now, body=None)


async def bury_again(letter: str, process: Process, *, code: str, detail: str) -> None:
    """It can still not be taken."""
    await _change(letter, process, state=LetterState.DEAD.value, code=code, detail=detail)


async def postpone(letter: str, process: Process) -> None:
    """Something that it needs is away; it stays asked for."""
    await _change(letter, process, next_replay_at=process.clock() + PAUSE)


async def _change(letter: str, process: Process, **values: object) -> None:
    async with process.database.begin() as connection:
        await storage.change(connection, [letter], replays=func.coalesce(dead_letters.c.replays, 0) + 1, **values)
