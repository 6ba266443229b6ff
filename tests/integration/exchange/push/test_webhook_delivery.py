"""What a webhook's receiver gets: everything, at least once, of each document in order, whatever fails meanwhile."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from lienthong.exchange.domain.events import EventType
from lienthong.exchange.domain.webhook_pace import LONGEST_PAUSE, PAUSED_AFTER
from lienthong.exchange.usecases.deliver_webhooks import LEASE, WebhookDispatcher
from lienthong.exchange.usecases.node_keys import public_keys
from lienthong.exchange.usecases.send_webhook import open_sender
from lienthong.sdk.webhook_verification import published_keys, verify_webhook
from lienthong.shared.contracts.events import CloudEvent
from lienthong.shared.identifiers import AgencyCode, DocumentId
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.push.receivers import (
    Receiver,
    act,
    deliver,
    drain,
    listening,
    standing,
    subscribe,
    takes,
)
from tests.integration.exchange.receive.receiving_node import ReceivingNode


def of(document: str, **changes: object) -> object:
    return event(document=DocumentId(document), **changes)


async def fails(_event: CloudEvent) -> int:
    return 503


async def _told(node: ReceivingNode, *documents: str) -> None:
    await tell(node.factory, *(event(document=DocumentId(one), time=node.clock.now) for one in documents))


async def test_a_receiver_gets_signed_events_from_its_making_on(hooked: ReceivingNode) -> None:
    await _told(hooked, "before")
    async with listening(Receiver()) as receiver:
        await subscribe(hooked, receiver.url)
        await _told(hooked, "after")

        await deliver(hooked.factory)

    keys = published_keys(str(public_keys(hooked.factory.seal_key)).replace("'", '"').encode())
    told = [verify_webhook(one, keys=keys, now=hooked.clock.now) for one in receiver.requests]
    assert [(one.subject, one.position) for one in told] == [("after", 2)]


async def test_a_webhook_gets_its_agency_and_its_types_only(hooked: ReceivingNode) -> None:
    wanted = EventType.TRANSPORT_STATUS
    async with listening(Receiver()) as receiver:
        await subscribe(hooked, receiver.url, types=[wanted.value])
        await tell(hooked.factory, event(), event(type=wanted), event(type=wanted, agency=AgencyCode("H28.31.02")))

        await deliver(hooked.factory)

    assert receiver.positions() == [2]


async def test_a_receiver_that_fails_for_an_hour_gets_everything_in_order_per_document(hooked: ReceivingNode) -> None:
    async with listening(Receiver(answers=fails)) as receiver, open_sender(hooked.factory) as sender:
        webhook = await subscribe(hooked, receiver.url)
        for minute in range(60):
            await _told(hooked, *(f"d{(minute + number) % 7}" for number in range(5)))
            await drain(hooked.factory, sender)
            hooked.clock.pass_by(60)
        tried = len(receiver.requests)
        assert (await standing(hooked, webhook))["state"] == "failing"

        receiver.answers = takes
        hooked.clock.pass_by(LONGEST_PAUSE.total_seconds())
        await drain(hooked.factory, sender)

    assert tried < 30
    assert sorted(receiver.positions()) == list(range(1, 301))
    for document in range(7):
        assert receiver.positions(f"d{document}") == sorted(receiver.positions(f"d{document}"))
    view = await standing(hooked, webhook)
    assert (view["state"], view["backlog"], view["failures"]) == ("active", 0, 0)


async def test_a_document_that_is_refused_waits_alone(hooked: ReceivingNode) -> None:
    poisoned = {"a"}

    async def picky(told: CloudEvent) -> int:
        return 500 if told.subject in poisoned else 204

    async with listening(Receiver(answers=picky)) as receiver, open_sender(hooked.factory) as sender:
        webhook = await subscribe(hooked, receiver.url)
        await _told(hooked, "a", "b", "a", "c", "b")
        await drain(hooked.factory, sender)
        assert (receiver.positions("a"), receiver.positions("b"), receiver.positions("c")) == ([], [2, 5], [4])
        assert (await standing(hooked, webhook))["state"] == "active"

        poisoned.clear()
        hooked.clock.pass_by(LONGEST_PAUSE.total_seconds())
        await drain(hooked.factory, sender)

    assert receiver.positions("a") == [1, 3]


async def test_the_next_event_of_a_document_waits_for_the_answer_to_the_one_before(hooked: ReceivingNode) -> None:
    under_way: Counter[str] = Counter()
    most: defaultdict[str, int] = defaultdict(int)

    async def watches(told: CloudEvent) -> int:
        under_way[told.subject] += 1
        most[told.subject] = max(most[told.subject], under_way[told.subject])
        most["all"] = max(most["all"], under_way.total())
        await asyncio.sleep(0.02)
        under_way[told.subject] -= 1
        return 204

    async with listening(Receiver(answers=watches)) as receiver:
        await subscribe(hooked, receiver.url)
        await _told(hooked, *(["a", "b", "c"] * 5))
        await deliver(hooked.factory)

    assert [most[one] for one in "abc"] == [1, 1, 1]
    assert most["all"] == 3
    assert len(receiver.taken) == 15


async def test_two_workers_never_send_the_same_at_the_same_time(hooked: ReceivingNode) -> None:
    async with listening(Receiver()) as receiver, open_sender(hooked.factory) as sender:
        await subscribe(hooked, receiver.url)
        await _told(hooked, *(f"d{number % 20}" for number in range(100)))

        await asyncio.gather(*(drain(hooked.factory, sender) for _ in range(3)))

    assert sorted(receiver.positions()) == list(range(1, 101))


async def test_what_a_killed_worker_held_is_sent_by_another_after_its_lease(hooked: ReceivingNode) -> None:
    asked = asyncio.Event()

    async def stalls(_event: CloudEvent) -> int:
        asked.set()
        await asyncio.sleep(60)
        return 204

    async with listening(Receiver(answers=stalls)) as receiver, open_sender(hooked.factory) as sender:
        await subscribe(hooked, receiver.url)
        await _told(hooked, "a", "a", "b")
        killed = asyncio.create_task(deliver(hooked.factory))
        await asked.wait()
        killed.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await killed

        receiver.answers = takes
        await drain(hooked.factory, sender)
        assert receiver.positions() == []
        hooked.clock.pass_by(LEASE.total_seconds())
        await drain(hooked.factory, sender)

    assert (receiver.positions("a"), receiver.positions("b")) == ([1, 2], [3])


async def test_a_slow_receiver_holds_up_no_other(hooked: ReceivingNode) -> None:
    async def slow(_event: CloudEvent) -> int:
        await asyncio.sleep(60)
        return 204

    async with listening(Receiver(answers=slow)) as lame, listening(Receiver()) as quick:
        await subscribe(hooked, lame.url)
        await subscribe(hooked, quick.url)
        await _told(hooked, *(f"d{number}" for number in range(40)))
        worker = asyncio.create_task(WebhookDispatcher(hooked.factory).run())

        async with asyncio.timeout(8):  # less than what one answer may take
            while len(quick.taken) < 40:
                await asyncio.sleep(0.05)
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker

    assert not lame.taken


async def test_a_long_backlog_is_worked_off_in_bounded_queues(
    hooked: ReceivingNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lienthong.exchange.usecases.queue_events.MAX_QUEUED", 20)
    monkeypatch.setattr("lienthong.exchange.usecases.queue_events.QUEUED_AT_ONCE", 7)
    async with listening(Receiver()) as receiver:
        webhook = await subscribe(hooked, receiver.url)
        await _told(hooked, *(f"d{number % 9}" for number in range(150)))
        assert (await standing(hooked, webhook))["backlog"] == 150

        await deliver(hooked.factory)

    assert sorted(receiver.positions()) == list(range(1, 151))


async def test_a_day_without_success_pauses_tells_the_operator_and_loses_nothing(hooked: ReceivingNode) -> None:
    async with listening(Receiver(answers=fails)) as receiver, open_sender(hooked.factory) as sender:
        webhook = await subscribe(hooked, receiver.url)
        await _told(hooked, "a", "b", "a")
        while (await standing(hooked, webhook))["state"] != "paused":
            await drain(hooked.factory, sender)
            hooked.clock.pass_by(LONGEST_PAUSE.total_seconds())
        paused_at = hooked.clock.now
        receiver.answers = takes
        await drain(hooked.factory, sender)
        assert not receiver.taken
        async with hooked.client() as client:
            alarms = (await client.get("/v1/admin/alarms")).json()["items"]

        assert (await act(hooked, webhook, "resume")).json()["state"] == "active"
        await drain(hooked.factory, sender)

    first = paused_at - hooked.clock.now
    assert first <= PAUSED_AFTER + timedelta(minutes=10)
    assert [(one["violation"], webhook["id"] in one["detail"]) for one in alarms] == [("webhook-paused", True)]
    assert (receiver.positions("a"), receiver.positions("b")) == ([1, 3], [2])


async def test_a_receiver_that_is_gone_is_paused_at_once(hooked: ReceivingNode) -> None:
    async def gone(_event: CloudEvent) -> int:
        return 410

    async with listening(Receiver(answers=gone)) as receiver:
        webhook = await subscribe(hooked, receiver.url)
        await _told(hooked, "a")
        await deliver(hooked.factory)
        await deliver(hooked.factory)

    view = await standing(hooked, webhook)
    assert (view["state"], view["paused"], view["backlog"], len(receiver.requests)) == ("paused", "gone", 1, 1)


async def test_events_are_sent_again_from_a_position_or_a_time(hooked: ReceivingNode) -> None:
    async with listening(Receiver()) as receiver, open_sender(hooked.factory) as sender:
        webhook = await subscribe(hooked, receiver.url)
        for _ in range(4):
            hooked.clock.pass_by(60)
            await _told(hooked, "a")
        await drain(hooked.factory, sender)

        await act(hooked, webhook, "replay", after=2)
        await drain(hooked.factory, sender)
        since = hooked.clock.now - timedelta(seconds=60)
        await act(hooked, webhook, "replay", after=since.isoformat())
        await drain(hooked.factory, sender)

    assert receiver.positions() == [1, 2, 3, 4, 3, 4, 3, 4]
    first, again = receiver.taken[2], receiver.taken[4]
    assert first.id == again.id


async def test_an_owner_gets_past_an_event_that_its_receiver_never_takes(hooked: ReceivingNode) -> None:
    async def picky(told: CloudEvent) -> int:
        return 500 if told.position == 1 else 204

    async with listening(Receiver(answers=picky)) as receiver, open_sender(hooked.factory) as sender:
        webhook = await subscribe(hooked, receiver.url)
        await _told(hooked, "a", "a")
        await drain(hooked.factory, sender)
        assert not receiver.taken

        await act(hooked, webhook, "replay", after=1)
        hooked.clock.pass_by(LONGEST_PAUSE.total_seconds())
        await drain(hooked.factory, sender)

    assert receiver.positions() == [2]
