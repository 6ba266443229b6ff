"""Carries out what the schedule says. Each blow ends by itself, and leaves the network whole."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from deploy.processes import PrivateServer
from lienthong.shared.bus import EXCHANGE, queue_name
from lienthong.shared.identifiers import NodeId
from tests.faults.ledger import Ledger
from tests.faults.letters import Letter
from tests.faults.offices import Office, key_of
from tests.faults.place import BROKER_OF, Place
from tests.faults.schedule import Fault, Kind

SMALLEST_JUMP: Final = timedelta(minutes=2)
LARGEST_JUMP: Final = timedelta(hours=3)
MESSAGES_AT_ONCE: Final = 40
"""Taken out of a queue at once, to come back twice, in another order or damaged."""
OPERATOR_PATIENCE_S: Final = 60
FIRST_SERVED: Final[Mapping[str, int]] = {"x-priority": 10}
"""The broker gives messages to this consumer while it takes any, and to the node's own after that."""
SLOWEST_LATENCY_S: Final = 1.0
SLOWEST_BYTES_PER_S: Final = 20_000
QUICKEST_BYTES_PER_S: Final = 500_000


class Injector:
    """Strikes one network.

    Args:
        place: The network.
        offices: By agency.
        letters: All letters of the run.
        ledger: The book of the run.
    """

    def __init__(self, place: Place, offices: dict[str, Office], *, letters: Sequence[Letter], ledger: Ledger) -> None:
        self._place = place
        self._offices = offices
        self._letters = letters
        self._ledger = ledger
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.struck: Counter[Kind] = Counter()
        self.moved_messages = 0
        self._ways: dict[Kind, Callable[[Fault], Awaitable[None]]] = {
            Kind.KILL_PROCESS: self._kill_process,
            Kind.STOP_PROCESS: self._stop_process,
            Kind.KILL_BROKER: self._kill_broker,
            Kind.RESTART_BROKER: self._restart_broker,
            Kind.WIPE_BROKER: self._wipe_broker,
            Kind.KILL_POSTGRES: self._kill_postgres,
            Kind.RESTART_POSTGRES: self._restart_postgres,
            Kind.CUT_LINK: self._cut_link,
            Kind.HALF_OPEN_LINK: self._half_open_link,
            Kind.SLOW_LINK: self._slow_link,
            Kind.FULL_DISK: self._full_disk,
            Kind.CLOCK_JUMP: self._clock_jump,
            Kind.REPEAT_MESSAGES: self._repeat_messages,
            Kind.REORDER_MESSAGES: self._reorder_messages,
            Kind.REPEAT_REQUESTS: self._repeat_requests,
            Kind.CORRUPT_MESSAGES: self._corrupt_messages,
            Kind.UNBIND_QUEUE: self._unbind_queue,
        }

    async def strike(self, faults: Sequence[Fault]) -> None:
        """All faults at their times; returns when the last one has ended."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as striking:
            for fault in faults:
                await asyncio.sleep(max(0.0, began + fault.at_s - loop.time()))
                striking.create_task(self._one(fault))

    async def _one(self, fault: Fault) -> None:
        """Two of the same sort wait for each other: what is down cannot be killed."""
        async with self._one_at_a_time[_thing(fault)]:
            self._ledger.note("fault", number=fault.number, sort=fault.kind, target=fault.target, s=fault.lasts_s)
            await self._ways[fault.kind](fault)
        self.struck[fault.kind] += 1

    async def _kill_process(self, fault: Fault) -> None:
        await self._place.services.kill(fault.target)
        await asyncio.sleep(fault.lasts_s)
        await self._place.services.launch(fault.target)

    async def _stop_process(self, fault: Fault) -> None:
        await self._place.services.stop(fault.target)
        await asyncio.sleep(fault.lasts_s)
        await self._place.services.launch(fault.target)

    async def _kill_broker(self, fault: Fault) -> None:
        broker = self._place.brokers[fault.target]
        await _again(broker, broker.kill, after_s=fault.lasts_s)

    async def _restart_broker(self, fault: Fault) -> None:
        broker = self._place.brokers[fault.target]
        await _again(broker, broker.stop, after_s=fault.lasts_s)

    async def _wipe_broker(self, fault: Fault) -> None:
        """A broker loses its disk, with all that it keeps for a node which is away."""
        broker, worker = self._place.brokers[BROKER_OF[fault.target]], f"{fault.target}-worker"
        await self._place.services.kill(worker)
        await asyncio.sleep(fault.lasts_s)
        await asyncio.to_thread(broker.forget)
        await asyncio.to_thread(broker.start)
        await self._place.services.launch(worker)

    async def _kill_postgres(self, fault: Fault) -> None:
        await _again(self._place.postgres, self._place.postgres.kill, after_s=fault.lasts_s)

    async def _restart_postgres(self, fault: Fault) -> None:
        await _again(self._place.postgres, self._place.postgres.stop, after_s=fault.lasts_s)

    async def _cut_link(self, fault: Fault) -> None:
        await self._place.links.set(fault.target, "cut")
        await asyncio.sleep(fault.lasts_s)
        await self._place.links.set(fault.target, "open")

    async def _half_open_link(self, fault: Fault) -> None:
        await self._place.links.set(fault.target, "half-open")
        await asyncio.sleep(fault.lasts_s)
        await self._place.links.set(fault.target, "open", resets=not fault.silent)

    async def _slow_link(self, fault: Fault) -> None:
        rate = QUICKEST_BYTES_PER_S - fault.strength * (QUICKEST_BYTES_PER_S - SLOWEST_BYTES_PER_S)
        latency_s = fault.strength * SLOWEST_LATENCY_S
        await self._place.links.set(fault.target, "slow", latency_s=latency_s, bytes_per_s=rate)
        await asyncio.sleep(fault.lasts_s)
        await self._place.links.set(fault.target, "open")

    async def _full_disk(self, fault: Fault) -> None:
        controls = [self._place.services[f"{fault.target}-{role}"].control for role in ("api", "worker")]
        for control in controls:
            control.fill_disk(full=True)
        await asyncio.sleep(fault.lasts_s)
        for control in controls:
            control.fill_disk(full=False)

    async def _clock_jump(self, fault: Fault) -> None:
        control = self._place.services[fault.target].control
        how_far = abs(2 * fault.strength - 1)
        jump = SMALLEST_JUMP + how_far * (LARGEST_JUMP - SMALLEST_JUMP)
        control.move_clock(jump if fault.strength > 0.5 else -jump)
        await asyncio.sleep(fault.lasts_s)
        control.move_clock(timedelta())

    async def _repeat_messages(self, fault: Fault) -> None:
        await self._put_back(fault, lambda messages: [*map(_copy, messages), *map(_copy, messages)])

    async def _reorder_messages(self, fault: Fault) -> None:
        chance = random.Random(fault.number)  # noqa: S311 — no secret
        await self._put_back(fault, lambda messages: chance.sample([*map(_copy, messages)], len(messages)))

    async def _corrupt_messages(self, fault: Fault) -> None:
        """One bit of each body is turned; the envelope beside it stays sealed."""
        await self._put_back(fault, lambda messages: [*map(_damaged, messages)])

    async def _put_back(
        self, fault: Fault, arranged: Callable[[Sequence[AbstractIncomingMessage]], Sequence[aio_pika.Message]]
    ) -> None:
        """Takes what comes into a node's queue for a while and puts it there again, as a broker's operator could."""
        arrived: list[AbstractIncomingMessage] = []

        async def work(connection: AbstractConnection) -> None:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=MESSAGES_AT_ONCE)
            name = queue_name(NodeId(fault.target))
            queue = await channel.get_queue(name, ensure=False)
            tag = await queue.consume(_into(arrived), arguments=dict(FIRST_SERVED))
            await asyncio.sleep(fault.lasts_s)
            await queue.cancel(tag)
            taken = tuple(arrived)  # what arrives still goes back with the connection
            for message in arranged(taken):
                await channel.default_exchange.publish(message, name, timeout=5)
            for original in taken:
                await original.ack()
            self.moved_messages += len(taken)

        await self._at_broker(fault.target, work)

    async def _unbind_queue(self, fault: Fault) -> None:
        """A slip of the broker's operator: nothing is routed to the node, until somebody binds its queue again."""
        await self._bind(fault.target, bound=False)
        await asyncio.sleep(fault.lasts_s)
        await self._bind(fault.target, bound=True)

    async def _bind(self, node: str, *, bound: bool) -> None:
        async def work(connection: AbstractConnection) -> None:
            channel = await connection.channel()
            queue = await channel.get_queue(queue_name(NodeId(node)), ensure=False)
            await (queue.bind(EXCHANGE, node) if bound else queue.unbind(EXCHANGE, node))

        await self._at_broker(node, work)  # the worker binds its queue as well

    async def _at_broker(self, node: str, work: Callable[[AbstractConnection], Awaitable[None]]) -> None:
        """Does ``work`` at the broker of a node, once that is there; no longer than the patience of an operator.

        The link is cut at the end: closing a connection in order waits for a broker that may not answer.
        """
        name = BROKER_OF[node]
        link = f"operator>broker-{name}"
        broker = self._place.brokers[name]
        url = broker.url().replace(f":{broker.port}/", f":{self._place.links.ports[link]}/")
        try:
            async with asyncio.timeout(OPERATOR_PATIENCE_S):
                connection = await _connected(url)
                try:
                    await work(connection)
                finally:
                    await self._place.links.set(link, "cut")
                    await self._place.links.set(link, "open")
                    await asyncio.wait({asyncio.ensure_future(connection.close())}, timeout=5)
        except (aio_pika.exceptions.AMQPError, OSError, RuntimeError) as error:
            self._ledger.note("nothing-done", node=node, error=repr(error))

    async def _repeat_requests(self, fault: Fault) -> None:
        sent = [one for one in self._letters if one.sender == fault.target and key_of(one) in self._ledger.promises]
        if sent:
            await self._offices[fault.target].send_again(sent[int(fault.strength * (len(sent) - 1))], times=8)


def _thing(fault: Fault) -> str:
    match fault.kind:
        case Kind.KILL_BROKER | Kind.RESTART_BROKER:
            return f"broker {fault.target}"
        case Kind.WIPE_BROKER:
            return f"broker {BROKER_OF[fault.target]}"
        case Kind.KILL_POSTGRES | Kind.RESTART_POSTGRES:
            return "postgresql"
        case Kind.REPEAT_MESSAGES | Kind.REORDER_MESSAGES | Kind.CORRUPT_MESSAGES | Kind.UNBIND_QUEUE:
            return f"operator {BROKER_OF[fault.target]}"
        case Kind.FULL_DISK | Kind.CLOCK_JUMP:
            return f"{fault.kind} {fault.target}"
        case _:
            return fault.target


async def _again(server: PrivateServer, end: Callable[[], None], *, after_s: float) -> None:
    await asyncio.to_thread(end)
    await asyncio.sleep(after_s)
    await asyncio.to_thread(server.start)


def _into(taken: list[AbstractIncomingMessage]) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def take(message: AbstractIncomingMessage) -> None:
        taken.append(message)

    return take


async def _connected(url: str) -> AbstractConnection:
    while True:
        try:
            return await aio_pika.connect(url, timeout=5)
        except (aio_pika.exceptions.AMQPError, OSError):
            await asyncio.sleep(0.5)


def _copy(message: AbstractIncomingMessage) -> aio_pika.Message:
    headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
    return aio_pika.Message(
        message.body,
        headers=headers,
        message_id=message.message_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _damaged(message: AbstractIncomingMessage) -> aio_pika.Message:
    copy, split = _copy(message), message.headers.get("envelope-bytes", 0)
    body = bytearray(copy.body)
    if isinstance(split, int) and len(body) > split:
        body[(len(body) + split) // 2] ^= 1
    copy.body = bytes(body)
    return copy
