"""Memory is bounded whatever the size of a document."""

from pathlib import Path

from tests.support.network import Network
from tests.system.office import Office
from tests.system.packages import MIB, header, write_package

PACKAGE_BYTES = 300 * MIB
ALLOWED_BYTES = 64 * MIB


def _reset_peaks(pids: dict[str, int]) -> dict[str, int]:
    for pid in pids.values():
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _peaks(pids)


def _peaks(pids: dict[str, int]) -> dict[str, int]:
    found = {}
    for name, pid in pids.items():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    return found


async def test_300_mb_raise_no_process_by_more_than_64_mib(
    network: Network, offices: dict[str, Office], tmp_path: Path
) -> None:
    commune, centre = offices["H28.31.05"], offices["G22"]
    source = header(commune.code, [centre.code], 9001)
    package = write_package(tmp_path / "giant.edxml", source, attachment_bytes=PACKAGE_BYTES * 3 // 4)
    pids = {name: process.pid for name, process in network.fleet.processes.items()}
    before = _reset_peaks(pids)

    submission = await commune.send(package)
    await centre.take(1, timeout_s=200)
    await centre.client.download_package(submission.id, tmp_path / "out.edxml", sha256=submission.package.sha256)

    grown = {name: peak - before[name] for name, peak in _peaks(pids).items()}
    assert submission.package.size >= PACKAGE_BYTES
    assert max(grown.values()) <= ALLOWED_BYTES, {name: value // MIB for name, value in grown.items()}
