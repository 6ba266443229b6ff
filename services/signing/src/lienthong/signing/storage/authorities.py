"""Rows of certificate authorities and of their revocation lists."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.signing.domain.records import Authority, AuthorityName, CertificateRecord, PublishedCRL
from lienthong.signing.storage.certificates import AnyRow, record_of_row
from lienthong.signing.storage.schema import authorities, certificates, crls


async def add_authority(
    connection: AsyncConnection, record: CertificateRecord, *, name: AuthorityName, number: int, now: datetime
) -> None:
    """Adds an authority; its certificate is added next to it by the caller."""
    row = {"name": name, "number": number, "serial": record.serial, "created_at": now}
    await connection.execute(insert(authorities).values(row))


async def all_authorities(connection: AsyncConnection) -> tuple[Authority, ...]:
    """Every authority: the root first, the one that issues last."""
    rows = await connection.execute(_authorities().order_by(authorities.c.number))
    return tuple(_authority_of_row(row) for row in rows)


async def issuing_authority(connection: AsyncConnection) -> Authority | None:
    """The authority that issues now, or None before ``init``."""
    query = _authorities().where(authorities.c.number > 0).order_by(authorities.c.number.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return _authority_of_row(row) if row else None


async def authority(connection: AsyncConnection, name: AuthorityName) -> Authority | None:
    """One authority."""
    row = (await connection.execute(_authorities().where(authorities.c.name == name))).first()
    return _authority_of_row(row) if row else None


async def lock_authority(connection: AsyncConnection, name: AuthorityName) -> None:
    """Waits until no other transaction numbers a list of this authority, and keeps others waiting until the end."""
    await connection.execute(select(authorities.c.name).where(authorities.c.name == name).with_for_update())


async def add_crl(connection: AsyncConnection, crl: PublishedCRL) -> None:
    """Keeps a list."""
    await connection.execute(
        insert(crls).values(
            issuer=crl.issuer,
            number=crl.number,
            der=crl.der,
            this_update=crl.this_update,
            next_update=crl.next_update,
        )
    )


async def latest_crl(connection: AsyncConnection, name: AuthorityName) -> PublishedCRL | None:
    """The newest list of an authority."""
    query = select(crls).where(crls.c.issuer == name).order_by(crls.c.number.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return PublishedCRL(**row) if row else None


def _authorities() -> Select[Any]:
    return select(authorities.c.name, certificates).join_from(
        authorities, certificates, authorities.c.serial == certificates.c.serial
    )


def _authority_of_row(row: AnyRow) -> Authority:
    record = record_of_row(row)
    return Authority(name=row.name, serial=record.serial, certificate=record.certificate)
