"""A node keeps what it has sent until the next hop says that it has taken it."""

import asyncio
import dataclasses

from lienthong.exchange.consumers.taken_notices import LINGER
from lienthong.exchange.storage.operations_schema import dead_letters
from lienthong.exchange.storage.schema import deliveries, metadata, outbox
from lienthong.shared.bus import Message
from lienthong.shared.contracts.taken import TAKEN_TYPE, Taken
from lienthong.shared.identifiers import MessageId, NodeId, new_uuid
from lienthong.shared.outbox.entries import DESTINATIONS
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import Tree, eventually, letter


async def test_every_node_on_the_way_forgets_what_the_next_one_has(tree: Tree) -> None:
    tree.start()

    await tree.submit("H28.31.05", letter("H28.31.05", ["G22"], folder=tree.folder))

    await eventually(lambda: tree["G22"].rows(deliveries))
    for name in tree.nodes:
        await eventually(lambda name=name: _is_empty(tree, name))  # type: ignore[misc]


async def test_a_refused_message_is_not_sent_again(tree: Tree) -> None:
    narrow = tree["G22"].factory.settings.model_copy(update={"max_package_bytes": 100})
    tree["G22"].factory = dataclasses.replace(tree["G22"].factory, settings=narrow)
    for name in ("H28", "G22"):
        tree[name].start()

    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))

    await eventually(lambda: _buried(tree, "G22", "package-too-large"))
    await eventually(lambda: _is_empty(tree, "H28"))


async def test_a_message_whose_seal_is_not_good_is_not_acknowledged(tree: Tree) -> None:
    """Whoever writes to the broker could otherwise make the sender forget the true one, by its id."""
    message = await _kept_message(tree)
    head, payload, signature = message.envelope.split(".")
    forged = dataclasses.replace(message, envelope=f"{head}.{payload}.A{signature[1:]}")
    tree["G22"].start()

    await published(tree, forged, by="H28.31")
    await asyncio.sleep(5 * LINGER.total_seconds())
    assert len(await tree["H28"].rows(outbox)) == 1

    await published(tree, message, by="H28.31")
    await eventually(lambda: _is_empty(tree, "H28"))


async def test_a_node_cannot_make_another_forget_messages_to_a_third(tree: Tree) -> None:
    message = await _kept_message(tree)

    await published(tree, _notice(tree, message.id, by="H28.31"), by="H28.31")
    assert len(await tree["H28"].rows(outbox)) == 1

    await published(tree, _notice(tree, message.id, by="G22"), by="H28.31")
    assert await tree["H28"].rows(outbox) == []


async def _kept_message(tree: Tree) -> Message:
    """One from H28 to G22, which H28 does not send by itself: an operator has paused the destination."""
    factory = tree["H28"].factory
    async with factory.database.begin() as connection:
        await connection.execute(metadata.tables[DESTINATIONS].insert().values(destination="G22", paused=True))
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    tree["H28"].start()
    return await waiting_message(tree["H28"])


def _notice(tree: Tree, message: MessageId, *, by: str) -> Message:
    factory = tree[by].factory
    taken = Taken(issuer=factory.here, audience=NodeId("H28"), issued_at=factory.clock(), messages=(message,))
    sealed = factory.seal_key.seal(TAKEN_TYPE, taken)
    return Message(id=MessageId(new_uuid()), destination=NodeId("H28"), envelope=sealed)


async def _is_empty(tree: Tree, node: str) -> bool:
    return await tree[node].rows(outbox) == []


async def _buried(tree: Tree, node: str, reason: str) -> bool:
    return [one["code"] for one in await tree[node].rows(dead_letters)] == [reason]
