"""A relay whose process kills itself right after a broker's confirm, before the outbox can know of it.

Usage: python -m tests.contract.dying_relay DATABASE_URL AMQP_URL BLOBS_URL CONFIRMS
"""

import asyncio
import os
import signal
import sys

from lienthong.shared.blobs.obstore_store import open_blob_store
from lienthong.shared.bus import Message
from lienthong.shared.bus.rabbitmq import RabbitMQBus
from lienthong.shared.database import Database
from lienthong.shared.outbox import Relay
from tests.contract.outboxes import FORGETFUL, outbox


class DyingBus:
    """Publishes through a real bus, and dies after a number of confirms."""

    def __init__(self, bus: RabbitMQBus, confirms: int) -> None:
        self._bus = bus
        self._confirms = confirms

    async def publish(self, message: Message) -> None:
        await self._bus.publish(message)
        self._confirms -= 1
        if self._confirms == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(database_url: str, amqp_url: str, blobs_url: str, *, confirms: int) -> None:
    bus = DyingBus(RabbitMQBus(amqp_url), confirms)
    await Relay(Database(database_url), outbox, bus=bus, blobs=open_blob_store(blobs_url), pace=FORGETFUL).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], confirms=int(sys.argv[4])))
