"""A file that grows over several attempts and outlives the process: whoever continues it holds its lock."""

import fcntl
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final

_READ_BYTES: Final = 1024 * 1024


def lock_file(path: Path) -> FileIO | None:
    """The file, made if missing, open for reading and writing and locked until it is closed; None: another has it.

    The kernel frees the lock of a killed process. A file that was renamed or removed meanwhile is not the one at
    ``path`` any more: then the one that is there now is taken. Raises ``OSError``.
    """
    while True:
        file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        if _is_at(file, path):
            return file
        file.close()


def read_through(file: FileIO, take: Callable[[bytes], object]) -> int:
    """Hands every byte from the beginning to ``take``; gives how many, and leaves the file at its end. Blocks."""
    file.seek(0)
    size = 0
    while piece := file.read(_READ_BYTES):
        take(piece)
        size += len(piece)
    return size


def write_all(file: FileIO, data: bytes) -> None:
    """Writes every byte: a nearly full disk takes some of them before it refuses. Raises ``OSError``."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) or 0 :]


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
