"""Ranges of bytes, as a blob store would give them."""

from collections.abc import AsyncIterator, Callable


def ranges_of(content: bytes, *, step: int = 65_537) -> Callable[[int, int], AsyncIterator[bytes]]:
    """A reader of ``content`` in uneven pieces."""

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        for begin in range(start, end, step):
            yield content[begin : min(begin + step, end)]

    return read
