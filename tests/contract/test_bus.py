"""What every bus promises."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from lienthong.shared.bus import DELIVERY_LIMIT, BusUnavailable, Unroutable
from tests.contract.buses import (
    LINGER,
    Buses,
    InProcessBuses,
    consuming,
    consuming_dead,
    message_to,
    new_node,
)


async def test_published_message_arrives_once_and_whole(buses: Buses) -> None:
    node = new_node()
    sender, receiver = await buses.connect(), await buses.connect(node)
    sent = message_to(node, body=b"\x00package\xff")

    publishing = asyncio.create_task(sender.publish(sent))
    async with consuming(receiver, node) as batches:
        (received,) = await anext(batches)
        await received.ack()
        await publishing
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(batches), 0.2)

    assert received.message == sent
    assert received.attempts == 1


async def test_envelope_too_long_for_headers_arrives_whole(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = message_to(node, envelope="e" * 300_000, body=b"package")

    publishing = asyncio.create_task(bus.publish(sent))
    async with consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.ack()
    await publishing

    assert received.message == sent


async def test_message_that_was_not_answered_for_comes_again_after_its_consumer_died(buses: Buses) -> None:
    node = new_node()
    sender, receiver = await buses.connect(), await buses.connect(node)
    sent = message_to(node)
    publishing = asyncio.create_task(sender.publish(sent))

    async with consuming(receiver, node) as batches:
        await anext(batches)
    other_process = await buses.connect(node)
    async with consuming(other_process, node) as batches:
        (again,) = await anext(batches)
        await again.ack()
    await publishing

    assert again.message == sent
    assert again.attempts == 2


async def test_closing_the_bus_gives_back_what_was_not_answered_for(buses: Buses) -> None:
    node = new_node()
    sender, receiver, other_process = [await buses.connect(node) for _ in range(3)]
    publishing = asyncio.create_task(sender.publish(message_to(node)))

    async with consuming(receiver, node) as batches:
        await anext(batches)
        await receiver.close()
        async with consuming(other_process, node) as others:
            (again,) = await anext(others)
            await again.ack()
    await publishing

    assert again.attempts == 2


async def test_unroutable_message_raises(buses: Buses) -> None:
    bus = await buses.connect()

    with pytest.raises(Unroutable):
        await bus.publish(message_to(new_node()))


async def test_unroutable_message_does_not_disturb_others_on_the_way(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    lost = [bus.publish(message_to(new_node())) for _ in range(20)]
    good = [bus.publish(message_to(node)) for _ in range(20)]

    publishing = asyncio.gather(
        *(task for pair in zip(lost, good, strict=True) for task in pair), return_exceptions=True
    )
    async with consuming(bus, node, size=20) as batches:
        arrived = 0
        while arrived < 20:
            for received in await anext(batches):
                arrived += 1
                await received.ack()
    outcomes = await publishing

    assert [type(outcome) for outcome in outcomes[::2]] == [Unroutable] * 20
    assert outcomes[1::2] == [None] * 20


async def test_retried_message_comes_again_and_counts_its_attempts(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    publishing = asyncio.create_task(bus.publish(message_to(node)))

    attempts = []
    async with consuming(bus, node) as batches:
        for _ in range(3):
            (received,) = await anext(batches)
            attempts.append(received.attempts)
            await (received.ack() if len(attempts) == 3 else received.retry())
    await publishing

    assert attempts == [1, 2, 3]


async def test_message_beyond_the_delivery_limit_is_dead(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = message_to(node)
    publishing = asyncio.create_task(bus.publish(sent))

    deliveries = 0
    async with consuming(bus, node) as batches:
        with contextlib.suppress(TimeoutError):
            while deliveries <= DELIVERY_LIMIT:
                (received,) = await asyncio.wait_for(anext(batches), 1)
                deliveries += 1
                await received.retry()
    async with consuming_dead(bus, node) as letters:
        (dead,) = await anext(letters)
        await dead.ack()
    await publishing

    assert deliveries == DELIVERY_LIMIT
    assert (dead.message, dead.reason, dead.detail) == (sent, "delivery-limit", "")


async def test_buried_message_lands_in_the_dead_queue_with_its_reason(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = message_to(node, body=b"package")
    publishing = asyncio.create_task(bus.publish(sent))

    async with consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.bury("seal-invalid", "Dấu của nút không đúng.")
    async with consuming_dead(bus, node) as letters:
        (dead,) = await anext(letters)
        await dead.ack()
        await publishing
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(letters), 0.2)

    assert (dead.message, dead.reason, dead.detail) == (sent, "seal-invalid", "Dấu của nút không đúng.")


async def test_dead_message_that_was_not_answered_for_comes_again_however_often(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    sent = message_to(node)
    publishing = asyncio.create_task(bus.publish(sent))
    async with consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.bury("seal-invalid")

    async with consuming_dead(bus, node) as letters:
        for _ in range(DELIVERY_LIMIT + 5):
            (dead,) = await anext(letters)
            await dead.retry()
    async with consuming_dead(bus, node) as letters:
        (dead,) = await anext(letters)
        await dead.ack()
    await publishing

    assert (dead.message, dead.reason) == (sent, "seal-invalid")


async def test_in_process_a_dead_message_stays_in_the_senders_outbox_until_somebody_has_kept_it() -> None:
    buses = InProcessBuses()
    node = new_node()
    bus = await buses.connect(node)
    bus._confirm_timeout = timedelta(milliseconds=20)  # type: ignore[attr-defined]
    publishing = asyncio.create_task(bus.publish(message_to(node)))
    async with consuming(bus, node) as batches:
        (received,) = await anext(batches)
        await received.bury("seal-invalid")

    with pytest.raises(BusUnavailable):
        await publishing

    async with consuming_dead(bus, node) as letters:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(letters), 0.1)


async def test_batches_hold_at_most_the_size_asked_for(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    publishing = asyncio.gather(*(bus.publish(message_to(node)) for _ in range(25)))

    sizes: list[int] = []
    async with consuming(bus, node, size=10) as batches:
        while sum(sizes) < 25:
            batch = await anext(batches)
            sizes.append(len(batch))
            await asyncio.gather(*(received.ack() for received in batch))
    await publishing

    assert max(sizes) == 10
    assert sum(sizes) == 25


async def test_batch_does_not_wait_longer_than_its_linger(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)
    publishing = asyncio.create_task(bus.publish(message_to(node)))

    async with consuming(bus, node, size=10) as batches:
        async with asyncio.timeout(LINGER.total_seconds() + 2):
            (received,) = await anext(batches)
        await received.ack()
    await publishing


async def test_closed_bus_takes_nothing(buses: Buses) -> None:
    node = new_node()
    bus = await buses.connect(node)

    await bus.close()

    assert not await bus.ready()
    with pytest.raises(BusUnavailable):
        await bus.publish(message_to(node))


async def test_in_process_publish_without_an_answer_is_unavailable_and_leaves_nothing_queued() -> None:
    buses = InProcessBuses()
    node = new_node()
    bus = await buses.connect(node)
    bus._confirm_timeout = timedelta(milliseconds=20)  # type: ignore[attr-defined]

    with pytest.raises(BusUnavailable):
        await bus.publish(message_to(node))

    async with consuming(bus, node) as batches:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(batches), 0.1)
