import asyncio
import signal
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from lienthong.shared.serving import StoppingServer
from tests.integration.exchange.receive.receiving_node import ReceivingNode


@pytest.fixture
def terminable() -> Iterator[None]:
    """SIGTERM, which the server raises again when it has stopped, does not end the tests."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("terminable")
async def test_a_waiting_client_does_not_hold_up_the_end_of_the_process(node: ReceivingNode) -> None:
    config = uvicorn.Config(node.app, port=0, log_config=None, timeout_graceful_shutdown=15)
    server = StoppingServer(config, node.app)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with node.client() as inside, httpx.AsyncClient(headers=inside.headers) as outside:
        address = f"http://127.0.0.1:{port}/v1/inbox?wait=60"
        waiting = asyncio.create_task(outside.get(address, timeout=90))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        signal.raise_signal(signal.SIGTERM)
        answer = await waiting
        await serving

    assert answer.json() == {"items": [], "next": None}
    assert time.monotonic() - began < 5
