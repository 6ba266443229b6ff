"""Key files: whole or absent, readable by their owner only, on the disk before anyone is told."""

import os
import tempfile
from pathlib import Path

FOLDER_MODE = 0o700


def write_atomically(path: Path, content: bytes, *, replace: bool) -> bool:
    """Writes ``path`` with mode 0600, durable on return. Returns False when it is there and ``replace`` is not set.

    Raises:
        OSError: The disk refused.
    """
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if replace:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
