"""The preloaded library that moves clocks and fills disks: compiled once a run, steered through a file a process."""

import mmap
import struct
import subprocess
from datetime import timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
_CONTROL = struct.Struct("qq")


def compile_shim(folder: Path) -> Path:
    """The shared library, made in ``folder`` with the machine's C compiler."""
    library = folder / "shim.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Control:
    """What one process believes of its clock and its disk; takes effect at once, while it runs."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(_CONTROL.pack(0, 0))
        self.path = path
        with path.open("r+b") as file:
            self._mapped = mmap.mmap(file.fileno(), _CONTROL.size)
        self._offset = timedelta()
        self._is_full = False

    def move_clock(self, offset: timedelta) -> None:
        """The process's clock is ``offset`` ahead of the machine's."""
        self._offset = offset
        self._write()

    def fill_disk(self, *, full: bool) -> None:
        """Whether the process finds its disk full."""
        self._is_full = full
        self._write()

    def _write(self) -> None:
        nanoseconds = round(self._offset.total_seconds() * 1e9)
        self._mapped[:] = _CONTROL.pack(nanoseconds, int(self._is_full))
