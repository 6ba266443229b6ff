"""The preloaded library moves a process's clock and fills its disk, while it runs, and nobody else's."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.shim import Control, compile_shim

PROBE = """
import ctypes, os, sys, time
assert ctypes.CDLL(None).faults_attach(sys.argv[1].encode()) == 0
for line in sys.stdin:
    try:
        with open(sys.argv[2], "wb") as file:
            file.write(b"x")
        wrote = "wrote"
    except OSError as error:
        wrote = os.strerror(error.errno)
    print(time.time(), os.statvfs(".").f_bavail > 0, wrote, sep="|", flush=True)
"""


MINUTE_S = 60


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_shim(tmp_path_factory.mktemp("shim"))


def test_clock_and_disk_follow_the_control_file(library: Path, tmp_path: Path) -> None:
    control = Control(tmp_path / "control")
    command = [sys.executable, "-c", PROBE, str(control.path), str(tmp_path / "file")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={"LD_PRELOAD": str(library)}, text=True, **pipes) as process:  # type: ignore[call-overload]

        def asked() -> tuple[int, str, str]:
            process.stdin.write("\n")
            process.stdin.flush()
            moment, has_room, wrote = process.stdout.readline().strip().split("|")
            return round((float(moment) - time.time()) / MINUTE_S), has_room, wrote

        assert asked() == (0, "True", "wrote")
        control.move_clock(timedelta(hours=-2))
        control.fill_disk(full=True)
        assert asked() == (-120, "False", "No space left on device")
        control.move_clock(timedelta())
        control.fill_disk(full=False)
        assert asked() == (0, "True", "wrote")
        process.stdin.close()
