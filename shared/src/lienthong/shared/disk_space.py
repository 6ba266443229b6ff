"""Room on the disk: asked for before bytes are written, and told by one code when it ends on the way."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from lienthong.shared.errors import Unavailable

RETRY_AFTER: Final = timedelta(minutes=1)
"""Room comes back when somebody makes it, or when what is on its way is gone: not within seconds."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, none in the user's share, or a file as large as files may be."""

FreeBytes = Callable[[Path], int]
"""How many bytes may be written into a folder."""


class InsufficientStorage(Unavailable):
    """The disk has not enough room for what is coming, or ended while it was written."""

    code = "insufficient-storage"
    title = "Not enough room on the disk"

    def __init__(self, detail: str, *, needed_bytes: int | None = None, free_bytes: int | None = None) -> None:
        known = {"needed_bytes": needed_bytes, "free_bytes": free_bytes}
        facts = {name: value for name, value in known.items() if value is not None}
        super().__init__(detail, retry_after=RETRY_AFTER, facts=facts)


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write there, by the file system's own count."""
    return shutil.disk_usage(folder).free


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of room."""
    return error.errno in _FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The folders that a package passes through, each of which must have room for the whole of it.

    Args:
        folders: The spool and, where packages are kept in a folder, that.
        reserve_bytes: What must stay free beside it: rows, logs and evidence need room too.
        free: How the room is measured.
    """

    folders: tuple[Path, ...]
    reserve_bytes: int
    free: FreeBytes = free_bytes

    def require(self, needed_bytes: int) -> None:
        """Asks for room for ``needed_bytes`` more.

        Raises:
            InsufficientStorage: A folder has less than that and the reserve, or cannot be asked.
        """
        wanted = needed_bytes + self.reserve_bytes
        for folder in self.folders:
            try:
                free = self.free(folder)
            except OSError as error:
                raise InsufficientStorage("The disk for incoming documents is away; try again later.") from error
            if free < wanted:
                raise InsufficientStorage(
                    f"{needed_bytes} bytes do not fit on the disk of this node now; try again later.",
                    needed_bytes=wanted,
                    free_bytes=free,
                )
