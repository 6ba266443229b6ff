"""A time-stamping authority for code that signs in a thread. Source: RFC 3161."""

import asyncio
from typing import Final

import httpx

from lienthong.shared.clients.time_stamping import TimeStampingClient, TimeStampingUnavailable, TimeStampRefused
from lienthong.shared.signatures.time_stamps import Stamp

PATIENCE_S: Final = 3.0
"""Seconds that a signature waits for its time stamp."""


def time_stamping(url: str) -> Stamp:
    """A way to the authority at ``url``, such as ``https://signing.example/tsa``. Call it in a thread without a loop.

    What it gives is over the digest that was sent; that the authority is trusted is checked by whoever validates.
    An authority that refuses is as good as away: nothing waits for a time stamp.
    """

    def stamp(digest: bytes) -> bytes:
        return asyncio.run(_stamp(url, digest))

    return stamp


async def _stamp(url: str, digest: bytes) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(timeout=PATIENCE_S) as http:
            return await TimeStampingClient(url, http).stamp(digest)
    except (TimeoutError, TimeStampRefused) as error:
        raise TimeStampingUnavailable(str(error) or "The time-stamping authority is slow.") from error
