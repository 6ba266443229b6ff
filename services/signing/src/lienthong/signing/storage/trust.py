"""Rows of external authorities and of published trust lists."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.contracts.trust import TrustedAuthority
from lienthong.signing.domain.records import PublishedTrustList
from lienthong.signing.storage.schema import trust_lists, trusted_authorities


async def put_trusted(
    connection: AsyncConnection, fingerprint: str, authority: TrustedAuthority, *, now: datetime
) -> None:
    """Adds an external authority, in the place of what was said of it before."""
    await remove_trusted(connection, fingerprint)
    row = {
        "fingerprint": fingerprint,
        "certificate": authority.certificate,
        "purposes": [purpose.value for purpose in authority.purposes],
        "names": list(authority.names),
        "not_before": authority.not_before,
        "not_after": authority.not_after,
        "crls": list(authority.crls),
        "added_at": now,
    }
    await connection.execute(insert(trusted_authorities).values(row))


async def remove_trusted(connection: AsyncConnection, fingerprint: str) -> bool:
    """Whether there was one."""
    statement = delete(trusted_authorities).where(trusted_authorities.c.fingerprint == fingerprint)
    return (await connection.execute(statement.returning(trusted_authorities.c.fingerprint))).first() is not None


async def all_trusted(connection: AsyncConnection) -> dict[str, TrustedAuthority]:
    """External authorities by fingerprint, in the order in which they came."""
    table = trusted_authorities
    rows = await connection.execute(select(table).order_by(table.c.added_at, table.c.fingerprint))
    return {row.fingerprint: _authority_of(row) for row in rows}


async def latest_trust_list(connection: AsyncConnection) -> PublishedTrustList | None:
    """The newest published list."""
    query = select(trust_lists).order_by(trust_lists.c.version.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return PublishedTrustList(**row) if row else None


async def add_trust_list(connection: AsyncConnection, published: PublishedTrustList) -> None:
    """Keeps the next list. Earlier ones go: each repeats every revocation list."""
    await connection.execute(delete(trust_lists).where(trust_lists.c.version < published.version))
    await connection.execute(
        insert(trust_lists).values(
            version=published.version,
            content_digest=published.content_digest,
            issued_at=published.issued_at,
            expires_at=published.expires_at,
            jws=published.jws,
        )
    )


def _authority_of(row: Row[tuple[Any, ...]]) -> TrustedAuthority:
    return TrustedAuthority(
        certificate=row.certificate,
        purposes=row.purposes,
        names=row.names,
        not_before=row.not_before,
        not_after=row.not_after,
        crls=row.crls,
    )
