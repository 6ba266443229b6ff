"""Stamp a digest with the time."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from lienthong.shared.errors import Unavailable
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.time_stamps import ACCURACY, Failure, QueryRefused, Stamp, granted, read_query, refused
from lienthong.signing.storage.time_stamps import last_stamp, set_last_stamp
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.service_keys import service_key

log = structlog.get_logger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def stamp(resources: Resources, query_der: bytes) -> bytes:
    """The reply (TimeStampResp, DER) to a query: a token, or a refusal that says why.

    1. The query is read and held against the rules.
    2. One transaction gives the next serial number and the time: numbers grow strictly, in all processes, and the time
       never runs back. If the process dies afterwards a number is left out, which harms nobody.
    3. The token is signed.

    Something of ours that is away makes it ``systemFailure``.
    """
    policy = resources.settings.time_stamp_policy
    try:
        query = read_query(query_der, policy=policy)
        key = await service_key(resources, Profile.TIME_STAMPING)
        serial, at = await _next(resources)
    except QueryRefused as error:
        return refused(error.failure, error.text)
    except Unavailable as error:
        log.warning("not stamped", code=error.code)
        return refused(Failure.SYSTEM_FAILURE, "Try again later.")
    return await asyncio.to_thread(granted, query, Stamp(serial=serial, at=at, policy=policy), key)


async def _next(resources: Resources) -> tuple[int, datetime]:
    """The next serial number and the time.

    The number is the time in microseconds, unless the last one was as high: so it stays unique though yesterday's
    database be restored. A clock that went back by more than the accuracy stamps nothing.
    """
    async with resources.database.begin() as connection:
        last, last_at = await last_stamp(connection)
        now = resources.clock()
        if now < last_at - ACCURACY:
            raise QueryRefused(Failure.TIME_NOT_AVAILABLE, "The clock went back; the operator must look at it.")
        at = max(now, last_at)
        serial = max(last + 1, (at - _EPOCH) // timedelta(microseconds=1))
        await set_last_stamp(connection, serial, at)
    return serial, at
