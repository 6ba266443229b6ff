"""Each removal finds what it removes: a guard that has moved would be thought to be of no use."""

import subprocess
import sys

CODE = "from tests.faults import guards; guards.remove(guards.GUARDS); print(len(guards.GUARDS))"


def test_every_removal_finds_its_guard() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)

    assert int(done.stdout) >= 7
