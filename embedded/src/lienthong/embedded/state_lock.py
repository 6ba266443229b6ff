"""Only one process may serve a state folder: two would take each other's outbox rows to different in-memory queues."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lienthong.shared.errors import Conflict


class StateInUse(Conflict):
    """Another process serves this folder."""

    code = "state-in-use"
    title = "The state folder is in use"


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Holds the folder for this process, making it if need be. Raises :class:`StateInUse`."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateInUse(f"Another process serves {state_dir}. Stop it, or choose another --state-dir.") from error
        yield
