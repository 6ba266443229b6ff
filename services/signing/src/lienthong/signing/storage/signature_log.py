"""Rows of the signature log. They are added and read; the database refuses every change."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from lienthong.shared.identifiers import AgencyCode, Sha256
from lienthong.signing.domain.records import Serial
from lienthong.signing.domain.signature_log import SIGNED, SignatureEntry, SignatureOrder
from lienthong.signing.storage.certificates import AnyRow
from lienthong.signing.storage.schema import signature_log


async def add_entry(connection: AsyncConnection, entry: SignatureEntry) -> None:
    """Adds a line."""
    order = entry.order
    values = {
        "id": entry.id,
        "at": entry.at,
        "caller": entry.caller,
        "agency": order.agency,
        "officer": order.officer,
        "serial": entry.serial,
        "format": order.format,
        "digest": order.digest,
        "outcome": entry.outcome,
    }
    await connection.execute(insert(signature_log).values(values))


async def filling_of_key(connection: AsyncConnection, serial: Serial, count: int) -> datetime | None:
    """When the ``count``-th last signature with a key was given out; None: there were fewer."""
    return await _filling(connection, signature_log.c.serial == serial, signature_log.c.outcome == SIGNED, count=count)


async def filling_of_caller(connection: AsyncConnection, caller: str, count: int) -> datetime | None:
    """When a caller asked for the ``count``-th last time, whatever came of it; None: it asked less often."""
    return await _filling(connection, signature_log.c.caller == caller, count=count)


async def list_entries(
    connection: AsyncConnection, *, agency: AgencyCode | None, caller: str | None, after: str | None, limit: int
) -> list[SignatureEntry]:
    """Lines in the order of time, beginning behind ``after``; what is None narrows nothing."""
    query = select(signature_log).order_by(signature_log.c.id).limit(limit)
    if agency is not None:
        query = query.where(signature_log.c.agency == agency)
    if caller is not None:
        query = query.where(signature_log.c.caller == caller)
    if after is not None:
        query = query.where(signature_log.c.id > after)
    return [_entry_of_row(row) for row in await connection.execute(query)]


async def _filling(connection: AsyncConnection, *of: ColumnElement[bool], count: int) -> datetime | None:
    query = select(signature_log.c.at).where(*of).order_by(signature_log.c.at.desc()).offset(count - 1).limit(1)
    row = (await connection.execute(query)).first()
    return row.at if row else None


def _entry_of_row(row: AnyRow) -> SignatureEntry:
    order = SignatureOrder(agency=row.agency, officer=row.officer, format=row.format, digest=Sha256(row.digest))
    return SignatureEntry(id=row.id, at=row.at, caller=row.caller, order=order, serial=row.serial, outcome=row.outcome)
