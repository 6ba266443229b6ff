"""Has the newest checkpoint time-stamped: one token covers every entry below it, however many waited."""

import asyncio

from lienthong.exchange.storage.checkpoints import UnstampedCheckpoint, add_time_stamp, unstamped_checkpoint
from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.time_stamping import TimeStampingClient
from lienthong.shared.signatures.checkpoints import read_note
from lienthong.shared.signatures.time_stamps import TimeStamp, check_time_stamp


async def stamp_checkpoint(process: Process) -> int | None:
    """Asks the authority for a token over the newest checkpoint's body, checks and keeps it; that checkpoint's size.

    None: there is nothing that is not covered yet. What the authority cannot do now waits for the next call, and that
    asks once for everything that came meanwhile.

    Raises:
        TimeStampingUnavailable, TimeStampRefused: The authority does not stamp.
        TimeStampInvalid: Its token proves nothing to this node.
        TrustListMissing: There is nothing to check a token with.
    """
    async with process.database.read() as connection:
        waiting = await unstamped_checkpoint(connection)
    if waiting is None:
        return None
    digest = read_note(waiting.note).checkpoint.digest
    client = TimeStampingClient(process.settings.tsa_address, process.http)
    token = await client.stamp(digest)
    stamp = await asyncio.to_thread(_checked, token, digest, process)
    await _keep(waiting, token, stamp=stamp, process=process)
    return waiting.size


def _checked(token: bytes, digest: bytes, process: Process) -> TimeStamp:
    return check_time_stamp(token, digest, trust=process.trust.current(), at=process.clock())


async def _keep(waiting: UnstampedCheckpoint, token: bytes, *, stamp: TimeStamp, process: Process) -> None:
    async with process.database.begin() as connection:
        await add_time_stamp(connection, waiting.size, token, time=stamp.gen_time)
