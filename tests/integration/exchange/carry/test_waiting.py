"""A message that only waits for something that is away is never given up."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from lienthong.exchange.consumers.messages import FRESH_ATTEMPTS, LATE_ATTEMPTS, MessageConsumer
from lienthong.exchange.errors import TrustListMissing
from lienthong.exchange.storage.held import HeldCopy
from lienthong.shared.bus import BusUnavailable, Message
from lienthong.shared.contracts.envelope import ENVELOPE_TYPE
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid
from lienthong.shared.signatures.trust import TrustStore
from tests.integration.exchange.carry.tree import Tree
from tests.support.pki import PKI

MESSAGE = Message(id=MessageId(new_uuid()), destination=NodeId("elsewhere"), envelope="a.b.c", body=b"package")


@dataclass(kw_only=True)
class Delivered:
    """One message as a broker hands it over the ``attempts``-th time, and how it was answered for."""

    attempts: int
    message: Message = MESSAGE
    answers: list[str] = field(default_factory=list)

    async def ack(self) -> None:
        self.answers.append("ack")

    async def retry(self) -> None:
        self.answers.append("retry")

    async def bury(self, reason: str, detail: str = "") -> None:
        del detail
        self.answers.append(reason)


@dataclass(kw_only=True)
class Queue:
    """A broker that hands over one message and keeps what is published."""

    delivered: Delivered
    is_away: bool = False
    published: list[Message] = field(default_factory=list)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ready(self) -> bool:
        return not self.is_away

    async def publish(self, message: Message) -> None:
        if self.is_away:
            raise BusUnavailable("The broker cannot be reached.")
        self.published.append(message)

    async def batches(self, node: NodeId, *, size: int, linger: timedelta) -> AsyncIterator[Sequence[Delivered]]:
        assert (node, size > 0, linger > timedelta()) == ("G22", True, True)
        yield [self.delivered]


def _no_trust(_published: bytes) -> TrustStore:
    raise TrustListMissing("never")


async def _consume(tree: Tree, queue: Queue) -> None:
    """G22 consumes while it has no trust list, so that nothing can be judged."""
    missing = HeldCopy(Path("nowhere"), parse=_no_trust, missing=TrustListMissing("None yet."))
    await MessageConsumer(dataclasses.replace(tree["G22"].factory, trust=missing), queue, network=queue).run()


@pytest.mark.parametrize("attempts", [1, FRESH_ATTEMPTS - 1])
async def test_it_waits_in_its_place_at_first(tree: Tree, attempts: int) -> None:
    queue = Queue(delivered=Delivered(attempts=attempts))

    await _consume(tree, queue)

    assert (queue.delivered.answers, queue.published) == (["retry"], [])


async def test_before_the_broker_gives_it_up_a_fresh_copy_takes_its_place(tree: Tree) -> None:
    queue = Queue(delivered=Delivered(attempts=FRESH_ATTEMPTS))

    await _consume(tree, queue)

    assert queue.published == [dataclasses.replace(MESSAGE, destination=NodeId("G22"))]
    assert queue.delivered.answers == ["ack"]


async def test_no_copy_no_acknowledgement(tree: Tree) -> None:
    queue = Queue(delivered=Delivered(attempts=FRESH_ATTEMPTS), is_away=True)

    await _consume(tree, queue)

    assert (queue.delivered.answers, queue.published) == (["retry"], [])


@pytest.mark.parametrize(
    ("attempts", "answer"),
    [(1, "retry"), (LATE_ATTEMPTS - 1, "retry"), (LATE_ATTEMPTS, "seal-not-trusted-yet")],
)
async def test_seal_that_a_stale_trust_list_does_not_know_is_tried_again(
    tree: Tree, attempts: int, answer: str
) -> None:
    sealed = PKI.new().node_seal("H28").seal(ENVELOPE_TYPE, b"{}")
    message = dataclasses.replace(MESSAGE, envelope=sealed, destination=NodeId("G22"))
    queue = Queue(delivered=Delivered(attempts=attempts, message=message))

    await MessageConsumer(tree["G22"].factory, queue, network=queue).run()

    assert (queue.delivered.answers, queue.published) == ([answer], [])


async def test_seal_that_time_cannot_mend_is_buried_at_once(tree: Tree) -> None:
    queue = Queue(delivered=Delivered(attempts=1))

    await MessageConsumer(tree["G22"].factory, queue, network=queue).run()

    assert queue.delivered.answers == ["seal-invalid"]
