"""The embedded network as people use it: the story is told, the network restarts, its data are still there."""

import io
import re
import socket
from pathlib import Path

import pytest
from rich.console import Console

from deploy.processes import free_port
from lienthong.embedded.demo import demo
from lienthong.embedded.network import four_levels
from lienthong.embedded.serve import PortTaken, embedded_network
from lienthong.embedded.state_lock import StateInUse
from lienthong.embedded.story import cast


async def test_story_ends_well_and_its_data_outlive_a_restart(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=140)

    out = await demo(state_dir=tmp_path, port=free_port(), console=console)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    for shown in ("RelayAcceptance", "01 đã đến", "03 tiếp nhận", "05 đang xử lý", "06 hoàn thành", "sai thẩm quyền"):
        assert shown in text
    assert "not applied" not in text
    assert re.search(r"evidence\.asice: everything passed, \d+ checks", text)
    assert "openssl ts -verify: accepted\nopenssl cms -verify: accepted\n" in text
    assert {"evidence.asice", "root.pem"} <= {path.name for path in out.iterdir()}
    assert {path.name for path in (out / "received").iterdir()} == {"G22", "H28", "H28.31", "H28.31.05"}
    async with (
        embedded_network(four_levels(), state_dir=tmp_path) as network,
        cast(network.site, network.secrets) as actors,
    ):
        client = actors["H28.31.05"].client
        sent = sorted([document async for document in client.documents(kind="document")], key=lambda one: one.id)
        assert [one.notation for one in sent] == ["11/BC-UBND", "14/CV-UBND"]
        timeline = await client.timeline(sent[-1].id)
        assert [entry.status.code for entry in timeline if entry.status] == ["01", "03", "05", "06"]
        assert [item async for item in client.inbox()] == []


async def test_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(PortTaken):
            async with embedded_network(four_levels(), state_dir=tmp_path, port=other.getsockname()[1]):
                pass

    assert list(tmp_path.iterdir()) == []


async def test_second_process_on_one_state_folder_is_refused(tmp_path: Path) -> None:
    async with embedded_network(four_levels(), state_dir=tmp_path):
        with pytest.raises(StateInUse):
            async with embedded_network(four_levels(), state_dir=tmp_path):
                pass
