"""What dies in mid-flight loses nothing and delivers nothing twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.network import Network
from tests.system.office import Office
from tests.system.packages import header, write_package

DOCUMENTS = 60
Offices = dict[str, Office]


def _kill_receiving_worker(network: Network) -> None:
    network.fleet["G22-worker"].kill()
    network.fleet["G22-worker"].start()


def _kill_relay(network: Network) -> None:
    network.fleet["H28-worker"].kill()
    network.fleet["H28-worker"].start()


def _kill_sending_worker(network: Network) -> None:
    network.fleet["H28.31.05-worker"].kill()
    network.fleet["H28.31.05-worker"].start()


def _kill_rabbitmq(network: Network) -> None:
    network.rabbitmq.kill()
    network.rabbitmq.start()


def _kill_postgres(network: Network) -> None:
    network.postgres.kill()
    network.postgres.start()


@pytest.mark.parametrize(
    "kill",
    [_kill_receiving_worker, _kill_relay, _kill_sending_worker, _kill_rabbitmq, _kill_postgres],
    ids=["receiving-worker", "relay", "sending-worker", "rabbitmq", "postgresql"],
)
async def test_a_kill_in_mid_flight_loses_nothing_and_delivers_once(
    kill: Callable[[Network], None], network: Network, offices: Offices, tmp_path: Path
) -> None:
    commune, centre = offices["H28.31.05"], offices["G22"]
    name = getattr(kill, "__name__", "")
    packages = [
        write_package(tmp_path / f"{name}-{n}.edxml", header(commune.code, [centre.code], n), attachment_bytes=3_000)
        for n in range(DOCUMENTS)
    ]

    async def send_all() -> list[str]:
        return [(await commune.send(package)).id for package in packages]

    sending = asyncio.create_task(send_all())
    receiving = asyncio.create_task(centre.take(DOCUMENTS, timeout_s=150))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(kill, network)
    sent = await sending
    await receiving
    await centre.take_until_quiet()

    assert len(set(sent)) == DOCUMENTS
    assert set(centre.documents) == set(sent)
    assert set(centre.taken.values()) == {1}
