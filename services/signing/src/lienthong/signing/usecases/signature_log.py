"""Sign with a remote key under its rules: who may, how often, and a line in the log for each."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.clients.signing import RemoteKeyMissing
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.paging import decode_cursor, encode_cursor
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.records import Serial, serial_text
from lienthong.signing.domain.signature_log import (
    SIGNED,
    SignatureEntry,
    SignatureOrder,
    require_within,
    visible_to,
)
from lienthong.signing.errors import TooManySignatures
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.storage import signature_log as rows
from lienthong.signing.storage.certificates import certificate
from lienthong.signing.storage.remote_keys import remote_key
from lienthong.signing.usecases.resources import Resources

Result = TypeVar("Result")
Signing = Callable[[StoredKey], Awaitable[Result]]
"""Makes a signature with a key."""
KeyOpening = Callable[[], Awaitable[StoredKey]]
"""Gives the key to whoever may use it."""


async def sign_logged(
    resources: Resources, order: SignatureOrder, *, caller: Principal, open_key: KeyOpening, work: Signing[Result]
) -> Result:
    """What ``work`` makes, given out only with its line in the log.

    1. Caller and key are within their limits: refused here, nothing is logged, so that the log cannot be flooded.
    2. The key is opened and used. A refusal or failure becomes a line with the code of the problem.
    3. One transaction: the key's row is locked, the limits and the key are looked at again, the line is added. A
       power cut before its commit means that nobody was given the signature.

    Raises:
        TooManySignatures: Steps 1 and 3.
        RemoteKeyMissing: The key was revoked or replaced meanwhile.
        LienthongError: Whatever ``open_key`` and ``work`` raise.
    """
    serial: Serial | None = None
    async with resources.database.read() as connection:
        await _require_within(connection, resources, caller, serial=None)  # 1
    try:
        key = await open_key()  # 2
        serial = serial_text(key.certificate_chain[0].serial_number)
        async with resources.database.read() as connection:
            await _require_within(connection, resources, caller, serial=serial)
        result = await work(key)
    except TooManySignatures:
        raise
    except LienthongError as error:
        async with resources.database.begin() as connection:
            await rows.add_entry(connection, _entry(resources, order, caller, serial=serial, outcome=error.code))
        raise
    async with resources.database.begin() as connection:  # 3
        await _require_unchanged(connection, resources, order, serial=serial)
        await _require_within(connection, resources, caller, serial=serial)
        await rows.add_entry(connection, _entry(resources, order, caller, serial=serial, outcome=SIGNED))
    return result


async def page_of_signatures(
    resources: Resources, *, limit: int, cursor: str | None, caller: Principal
) -> tuple[list[SignatureEntry], str | None]:
    """At most ``limit`` lines that the caller may read, in the order of time, and the cursor of the next page.

    Raises:
        CursorInvalid: ``cursor`` was not given out here.
    """
    after = str(decode_cursor(cursor, str)[0]) if cursor else None
    agency, asked_by = visible_to(caller)
    async with resources.database.read() as connection:
        found = await rows.list_entries(connection, agency=agency, caller=asked_by, after=after, limit=limit + 1)
    page = found[:limit]
    return page, encode_cursor(page[-1].id) if len(found) > limit else None


async def _require_within(
    connection: AsyncConnection, resources: Resources, caller: Principal, *, serial: Serial | None
) -> None:
    limits, now = resources.settings.signature_limits, resources.clock()
    last = await rows.filling_of_caller(connection, caller.client_id, limits.per_caller)
    require_within(last, limits, now=now, whose="client")
    if serial is not None:
        last = await rows.filling_of_key(connection, serial, limits.per_key)
        require_within(last, limits, now=now, whose="key")


async def _require_unchanged(
    connection: AsyncConnection, resources: Resources, order: SignatureOrder, *, serial: Serial | None
) -> None:
    key = await remote_key(connection, order.agency, order.officer, for_update=True)
    record = await certificate(connection, key.serial) if key else None
    if key is None or key.serial != serial or record is None or not record.is_usable(resources.clock()):
        raise RemoteKeyMissing("The key was withdrawn while it was asked to sign.", facts={"agency": order.agency})


def _entry(
    resources: Resources, order: SignatureOrder, caller: Principal, *, serial: Serial | None, outcome: str
) -> SignatureEntry:
    return SignatureEntry(
        id=new_uuid(),
        at=resources.clock(),
        caller=caller.client_id,
        order=order,
        serial=serial,
        outcome=outcome,
    )
