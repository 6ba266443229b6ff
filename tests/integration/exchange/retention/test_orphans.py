"""Packages that no document names are found wherever they lie in the store."""

from datetime import timedelta

from lienthong.exchange.usecases.keep_packages import Retention
from tests.integration.exchange.receive.receiving_node import ReceivingNode
from tests.integration.exchange.retention.later import at


async def test_a_round_gets_through_the_whole_store_in_sixteen(node: ReceivingNode) -> None:
    spooled = node.directory / "orphan"
    spooled.write_bytes(b"nobody's")
    sha256 = "3b6d4fdd0d0bd9a4cf6a7d1f4c25a9f6d0f3cbf0c2e1b9b3c0d6fb5d1c8a2f10"
    await node.factory.blobs.adopt(spooled, sha256)  # type: ignore[arg-type]
    later = at(node.factory, node.clock.now + timedelta(days=4000))
    retention = Retention(later)

    for _ in range(16):
        await retention.run()
    await Retention(at(node.factory, later.clock() + timedelta(days=2))).run()

    assert [one async for one in node.factory.blobs.listing(sha256[:2])] in ([], [[]])
