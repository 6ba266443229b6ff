"""Takes what was given up out of the dead queue and keeps it where operators see it; and replays what they ask for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

import structlog

from lienthong.exchange.consumers.messages import LATE_ATTEMPTS
from lienthong.exchange.domain.dead_letters import GivenUp, KeptMessage, new_letter
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.replay_letters import bury_again, due_messages, message_of, note_taken, postpone
from lienthong.exchange.usecases.settle_letters import keep_letters
from lienthong.shared.bus import Bus, BusUnavailable, DeadReceived, Message, Received
from lienthong.shared.identifiers import NodeId

BATCH: Final = 16
"""Letters in memory at once: with their bodies at most 4 MiB."""
LINGER: Final = timedelta(milliseconds=100)
LOOK_INTERVAL: Final = timedelta(milliseconds=500)
"""Between two looks for letters whose replay was asked for."""

_log = structlog.get_logger(__name__)


async def keep_dead_letters(process: Process, bus: Bus) -> None:
    """Takes dead letters until cancelled; each is acknowledged when it is committed, and comes again if not."""
    async for batch in bus.dead_batches(process.here, size=BATCH, linger=LINGER):
        await _keep(batch, process)


async def _keep(batch: Sequence[DeadReceived], process: Process) -> None:
    """One transaction for all; if one of them spoils it, one for each."""
    letters = [new_letter(_given_up(one.message), reason=one.reason, detail=one.detail) for one in batch]
    try:
        await keep_letters(letters, process)
    except Exception as error:  # noqa: BLE001 — whatever it is, the letters stay in the dead queue
        if len(batch) > 1:
            for one in batch:
                await _keep([one], process)
            return
        _log.warning("a dead letter cannot be kept", message=letters[0].message_id, error=type(error).__name__)
        await batch[0].retry()
        return
    for one, letter in zip(batch, letters, strict=True):
        _log.warning("kept a dead letter", message=letter.message_id, code=letter.code, issuer=letter.claimed_issuer)
        await one.ack()


def _given_up(message: Message) -> GivenUp:
    return GivenUp(
        id=message.id,
        envelope=message.envelope,
        body=message.body,
        priority=message.priority,
        headers=message.headers,
    )


class Replays:
    """Letters whose replay was asked for, as a consumer takes them: it treats them like what the broker brings."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._under_way: set[str] = set()

    async def publish(self, message: Message) -> None:
        """Refuses: what waits for something stays a letter, and is tried again."""
        raise BusUnavailable(f"The letter {message.id} is tried again later.")

    async def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Received]]:
        """See :class:`~lienthong.shared.bus.Source`; no more than :data:`BATCH` are in the consumer's hands."""
        del node, linger
        while True:
            room = min(size, BATCH) - len(self._under_way)
            found = await due_messages(self._process, limit=BATCH) if room > 0 else []
            fresh = [one for one in found if one.letter not in self._under_way][:room]
            if not fresh:
                await asyncio.sleep(LOOK_INTERVAL.total_seconds())
                continue
            self._under_way.update(one.letter for one in fresh)
            yield [_Replayed(one, self._process, self._under_way) for one in fresh]


class _Replayed:
    """A letter in the hands of a consumer. An operator waits for the verdict: what may be late counts as missing."""

    attempts = LATE_ATTEMPTS

    def __init__(self, kept: KeptMessage, process: Process, under_way: set[str]) -> None:
        self.message = message_of(kept, process.here)
        self._letter = kept.letter
        self._process = process
        self._under_way = under_way

    async def ack(self) -> None:
        await note_taken(self._letter, self._process)
        self._under_way.discard(self._letter)

    async def retry(self) -> None:
        await postpone(self._letter, self._process)
        self._under_way.discard(self._letter)

    async def bury(self, reason: str, detail: str = "") -> None:
        await bury_again(self._letter, self._process, code=reason, detail=detail)
        self._under_way.discard(self._letter)
