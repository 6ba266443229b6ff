"""What comes twice although it was sent once, or in two halves."""

import asyncio

from lienthong.exchange.storage.schema import deliveries, documents, evidence, inbox, outbox
from tests.integration.exchange.carry.handing_over import waiting_message
from tests.integration.exchange.carry.tree import Tree, letter


async def test_a_message_that_comes_twice_in_one_batch_has_one_effect(tree: Tree) -> None:
    await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder))
    message = await waiting_message(tree["H28"])
    for name in ("H28", "G22"):
        await tree[name].bus.open()
    twice = [asyncio.create_task(tree["H28"].bus.publish(message)) for _ in range(2)]
    await asyncio.sleep(0)

    tree["G22"].start()
    await asyncio.gather(*twice)
    await tree["G22"].stop()

    counts = [len(await tree["G22"].rows(table)) for table in (documents, deliveries, inbox, evidence, outbox)]
    assert counts == [1, 1, 1, 2, 1]
