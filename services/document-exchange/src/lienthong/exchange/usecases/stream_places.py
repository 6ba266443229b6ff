"""How many event streams are open, and whether one more may be."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from lienthong.shared.errors import TooMany

MAX_STREAMS_OF_CLIENT: Final = 4
"""Streams that one client has open at one process of a node."""
MAX_STREAMS: Final = 200
"""Streams of one process in all."""


class TooManyStreams(TooMany):
    """The client, or this process, has as many streams open as are allowed."""

    code = "too-many-streams"
    title = "Too many event streams"


class StreamPlaces:
    """Counts the open streams of one process."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def require(self, client_id: str) -> None:
        """Raises :class:`TooManyStreams` when ``client_id`` may not open one more."""
        if self._taken[client_id] >= MAX_STREAMS_OF_CLIENT or self._taken.total() >= MAX_STREAMS:
            raise TooManyStreams(
                f"A client may have {MAX_STREAMS_OF_CLIENT} event streams. Close one, or read pages.",
                retry_after=timedelta(seconds=10),
            )

    @contextmanager
    def taken(self, client_id: str) -> Iterator[None]:
        """One place, given back at the end."""
        self._taken[client_id] += 1
        try:
            yield
        finally:
            self._taken[client_id] -= 1
            self._taken += Counter()  # forgets who has none
