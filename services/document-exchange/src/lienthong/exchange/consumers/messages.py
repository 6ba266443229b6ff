"""Takes messages from this node's queue, in batches, and answers for each: done, not now, or never."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar, cast

import structlog

from lienthong.exchange.consumers.taken_notices import TakenNotices
from lienthong.exchange.errors import IssuerNotNeighbour, OriginNotEntitled
from lienthong.exchange.usecases.accept_envelopes import (
    Arrival,
    commit_arrivals,
    is_notice,
    judge_message,
    prepare_arrival,
    prepare_notice,
)
from lienthong.exchange.usecases.adopt_package import was_refused
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.store_documents import PackageRemoved
from lienthong.shared.bus import DELIVERY_LIMIT, BusUnavailable, Publisher, Received, Source, Unroutable
from lienthong.shared.contracts.envelope import Envelope, EnvelopeKind
from lienthong.shared.errors import LienthongError, NotFound, TooMany, Unavailable
from lienthong.shared.identifiers import MessageId, NodeId
from lienthong.shared.signatures.seals import SealNotTrustedYet

T = TypeVar("T")

LINGER = timedelta(milliseconds=50)
"""How long a batch waits for more messages after its first: a transaction for three costs little more than for one."""
BATCHES_AT_ONCE = 2
"""While one batch commits, the next is verified."""
PULLS_AT_ONCE = 8
"""Packages that are fetched from other nodes at the same time, beside the batches."""
LATE_ATTEMPTS = 15
"""Deliveries after which something that is missing is not merely late: over 3 minutes, 3 looks at the registry."""
FRESH_ATTEMPTS = DELIVERY_LIMIT - 2
"""Deliveries after which a message that has only waited goes into the queue anew, before the broker gives it up."""
FIRST_PAUSE = timedelta(milliseconds=200)
LONGEST_PAUSE = timedelta(seconds=30)
PATIENCE = 6
"""Attempts to get what a message needs (about 13 s) before it goes back to the queue for a while."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    received: Received
    arrival: Arrival
    sent_by: NodeId | None
    """Whom to tell that it is taken; None: nobody waits for that."""


class MessageConsumer:
    """The consumer of one node.

    Args:
        process: The node.
        bus: Where its messages come from.
        network: Reaches the nodes that hand over to it.
        on_commit: Told after each transaction: there may be something to send.
    """

    def __init__(
        self, process: Process, bus: Source, *, network: Publisher, on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._process = process
        self._bus = bus
        self._network = network
        self._on_commit = on_commit
        self._batches = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._pulls = asyncio.Semaphore(PULLS_AT_ONCE)
        self._in_hand: set[MessageId] = set()
        self._notices: TakenNotices | None = None

    async def run(self) -> None:
        """Consumes until cancelled; what is not answered for then comes again."""
        size = self._process.settings.consumer_batch
        self._in_hand.clear()
        batches = cast(
            "AsyncGenerator[Sequence[Received], None]", self._bus.batches(self._process.here, size=size, linger=LINGER)
        )
        async with aclosing(batches), asyncio.TaskGroup() as tasks:
            self._notices = TakenNotices(self._process, self._network, tasks)
            async for batch in batches:
                await self._batches.acquire()
                tasks.create_task(self._take(batch, tasks))

    async def _take(self, batch: Sequence[Received], tasks: asyncio.TaskGroup) -> None:
        try:
            at_hand = []
            for received in batch:
                if received.message.id in self._in_hand:  # sent again: the first one is answered for before long
                    await received.ack()
                    continue
                self._in_hand.add(received.message.id)
                if is_notice(received.message):
                    at_hand.append(self._notice(received))
                    continue
                envelopes = await self._judged(received)
                if not envelopes:
                    continue
                if envelopes[0].kind is EnvelopeKind.DOCUMENT and not received.message.body:
                    tasks.create_task(self._take_pulled(received, envelopes))
                else:
                    at_hand.append(self._prepared(received, envelopes))
            prepared = await asyncio.gather(*at_hand)
            await self._commit([one for one in prepared if one is not None])
        finally:
            self._batches.release()

    async def _notice(self, received: Received) -> _Ready | None:
        try:
            return _Ready(received=received, arrival=prepare_notice(received.message, self._process), sent_by=None)
        except Exception as error:  # noqa: BLE001 — every error is answered for
            await self._settle(received, error)
            return None

    async def _take_pulled(self, received: Received, envelopes: tuple[Envelope, ...]) -> None:
        async with self._pulls:
            ready = await self._prepared(received, envelopes)
        if ready is not None:
            await self._commit([ready])

    async def _judged(self, received: Received) -> tuple[Envelope, ...]:
        """Empty: it was answered for already."""
        try:
            return await judge_message(received.message, self._process)
        except Exception as error:  # noqa: BLE001 — every error is answered for
            await self._settle(received, error)
            return ()

    async def _prepared(self, received: Received, envelopes: tuple[Envelope, ...]) -> _Ready | None:
        try:
            is_last = received.attempts >= LATE_ATTEMPTS
            arrival = await _persistently(
                lambda: prepare_arrival(envelopes, received.message.body, self._process, is_last_try=is_last),
                attempts=PATIENCE,
            )
        except Exception as error:  # noqa: BLE001 — likewise
            await self._settle(received, error, sent_by=envelopes[0].issuer)
            return None
        return _Ready(received=received, arrival=arrival, sent_by=envelopes[0].issuer)

    async def _commit(self, ready: Sequence[_Ready]) -> None:
        """One transaction for all; if one of them spoils it, one for each."""
        if not ready:
            return
        try:
            await _persistently(lambda: commit_arrivals([one.arrival for one in ready], self._process))
        except Exception as error:  # noqa: BLE001 — likewise
            if len(ready) > 1:
                for one in ready:
                    await self._commit([one])
                return
            if was_refused(error):
                await self._give_up(ready[0].arrival)
            await self._settle(ready[0].received, error, sent_by=ready[0].sent_by)
            return
        self._on_commit()
        for one in ready:
            self._tell(one.received, one.sent_by)
        await asyncio.gather(*(one.received.ack() for one in ready))

    def _tell(self, received: Received, sent_by: NodeId | None) -> None:
        self._in_hand.discard(received.message.id)
        if sent_by is not None and self._notices is not None:
            self._notices.note(received.message.id, sent_by=sent_by)

    async def _give_up(self, arrival: Arrival) -> None:
        if arrival.package is not None:
            await self._process.adoptions.give_up(arrival.package, now=self._process.clock())

    async def _settle(self, received: Received, error: Exception, *, sent_by: NodeId | None = None) -> None:
        """Answers for a message that was not taken; a ``sent_by`` whose seal is good is told of what is given up."""
        message = received.message.id
        self._in_hand.discard(message)
        match error:
            case Unavailable() | TooMany():
                await self._postpone(received)
            case NotFound() | OriginNotEntitled() | IssuerNotNeighbour() | SealNotTrustedYet() if (
                received.attempts < LATE_ATTEMPTS
            ):
                await received.retry()
            case LienthongError():
                _log.warning("buried a message", message=message, code=error.code, detail=error.detail)
                await received.bury(error.code, error.detail)
                self._tell(received, sent_by)
            case _:
                _log.error("a message failed", message=message, exc_info=error)
                await received.retry()

    async def _postpone(self, received: Received) -> None:
        """Nothing is wrong with the message, so that no broker's count may end it: a fresh copy takes its place.

        A power cut between the two leaves both; the inbox takes one.
        """
        if received.attempts < FRESH_ATTEMPTS:
            await received.retry()
            return
        try:
            await self._bus.publish(replace(received.message, destination=self._process.here))
        except (BusUnavailable, Unroutable):
            await received.retry()
        else:
            await received.ack()


async def _persistently(action: Callable[[], Awaitable[T]], *, attempts: int | None = None) -> T:
    """What ``action`` gives; while something it needs is away, again after a growing pause (None: without end)."""
    pause = FIRST_PAUSE
    made = 0
    while True:
        try:
            return await action()
        except Unavailable as error:
            made += 1
            if made == attempts or isinstance(error, PackageRemoved):  # that one comes again from its beginning
                raise
            if made == 1:
                _log.warning("something is away", code=error.code, detail=error.detail)
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, LONGEST_PAUSE)
