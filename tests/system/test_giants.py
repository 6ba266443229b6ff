"""Memory is bounded whatever the size of a document, and whatever is killed on its way goes on where it stopped."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lienthong.shared.edxml.media_types import EDXML
from tests.support.network import Network
from tests.system.giant import ALLOWED_PEAK_BYTES, Giant
from tests.system.office import Office
from tests.system.packages import MIB, header, write_package

ATTACHMENT_BYTES = 150 * MIB
COMMUNE, CENTRE = "H28.31.05", "G22"
PATIENCE_S = 200


@pytest.mark.timeout(600)
async def test_200_mb_arrive_over_three_kills_and_no_process_needs_more_than_200_mib(
    network: Network, tmp_path: Path
) -> None:
    giant = Giant(network, tmp_path, killed_node="H28", sender="H28.31")

    figures = await giant.run(attachment_bytes=ATTACHMENT_BYTES, number=9_001, in_container=False)

    assert figures.package_bytes >= 200 * MIB
    assert figures.went_on_at.keys() == {"upload", "fetch", "download"}
    assert min(figures.went_on_at.values()) > 0, figures
    assert max(figures.peaks.values()) <= ALLOWED_PEAK_BYTES, figures.peaks


@pytest.mark.timeout(600)
async def test_tuspy_uploads_unmodified_and_another_process_goes_on_after_a_kill(
    network: Network, offices: dict[str, Office], tmp_path: Path
) -> None:
    package = write_package(tmp_path / "a.edxml", header(COMMUNE, [CENTRE], 9_002), attachment_bytes=24 * MIB)
    node, audience = network.site.nodes[network.site.network.nodes[-1].id].url, f"urn:lienthong:node:{COMMUNE}"
    token = await offices[COMMUNE].client._transport._tokens.token(audience)

    url = await asyncio.to_thread(_killed_after, 10 * MIB, f"{node}/v1/uploads", token, package)
    said = await asyncio.to_thread(_ended, _tuspy(f"{node}/v1/uploads", token, package, url))
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S) as http:
        submitted = await http.post(f"{node}/v1/documents", json={"upload": url.rpartition("/")[2]})
    await offices[CENTRE].take(1, timeout_s=PATIENCE_S)

    assert int(said[1]) >= 10 * MIB
    assert int(said[-1]) == package.stat().st_size
    assert submitted.status_code == 201, submitted.text
    await offices[CENTRE].client.download_package(submitted.json()["id"], tmp_path / "out.edxml")
    assert (tmp_path / "out.edxml").read_bytes() == package.read_bytes()
    assert EDXML in submitted.json()["package"]["media_type"]


def _killed_after(enough: int, server: str, token: str, package: Path) -> str:
    """The address of an upload whose client was killed after so many bytes."""
    client = _tuspy(server, token, package)
    assert client.stdout is not None
    url = client.stdout.readline().strip()
    while int(client.stdout.readline()) < enough:
        pass
    client.kill()
    client.communicate()
    return url


def _ended(client: "subprocess.Popen[str]") -> list[str]:
    """Every word that the client printed."""
    out, _ = client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 0
    return out.split()


def _tuspy(server: str, token: str, package: Path, url: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, str(Path(__file__).with_name("tuspy_client.py")), server, token, str(package), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
