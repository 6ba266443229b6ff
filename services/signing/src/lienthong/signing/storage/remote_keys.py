"""Rows of remote keys."""

from dataclasses import replace

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import AgencyCode
from lienthong.signing.domain.records import RemoteKey, RemoteTerms, Serial
from lienthong.signing.storage.schema import remote_keys


async def remote_key(
    connection: AsyncConnection, agency: AgencyCode, officer: str, *, for_update: bool = False
) -> RemoteKey | None:
    """The remote key of an agency or of its officer, usable or not; ``for_update`` keeps other writers waiting."""
    query = select(remote_keys).where(_of(agency, officer))
    row = (await connection.execute(query.with_for_update() if for_update else query)).first()
    if row is None:
        return None
    terms = RemoteTerms(officer=row.officer, node=row.node, signers=tuple(row.signers))
    return RemoteKey(agency=row.agency, serial=row.serial, terms=terms, created_at=row.created_at)


async def is_remote(connection: AsyncConnection, serial: Serial) -> bool:
    """Whether the key of that certificate is one in use here."""
    query = select(remote_keys.c.serial).where(remote_keys.c.serial == serial)
    return (await connection.execute(query)).first() is not None


async def put_remote_key(connection: AsyncConnection, key: RemoteKey) -> None:
    """Makes ``key`` the one in use, in the place of whatever there was."""
    if not await add_remote_key(connection, key):
        await connection.execute(update(remote_keys).where(_of(key.agency, key.terms.officer)).values(_values(key)))


async def add_remote_key(connection: AsyncConnection, key: RemoteKey) -> bool:
    """Makes ``key`` the one in use, if there is none."""
    statement = insert_or_ignore(connection, remote_keys).values(_values(key)).returning(remote_keys.c.agency)
    return (await connection.execute(statement)).first() is not None


async def replace_remote_key(connection: AsyncConnection, key: RemoteKey, *, before: RemoteKey) -> bool:
    """Makes ``key`` the one in use, if ``before`` still is."""
    present = and_(_of(before.agency, before.terms.officer), remote_keys.c.serial == before.serial)
    statement = update(remote_keys).where(present).values(_values(key)).returning(remote_keys.c.agency)
    return (await connection.execute(statement)).first() is not None


async def set_terms(connection: AsyncConnection, key: RemoteKey, terms: RemoteTerms) -> RemoteKey:
    """Says who may sign with a key from now on."""
    changed = replace(key, terms=replace(terms, officer=key.terms.officer))
    await connection.execute(
        update(remote_keys)
        .where(_of(key.agency, key.terms.officer))
        .values(node=terms.node, signers=list(terms.signers))
    )
    return changed


def _of(agency: AgencyCode, officer: str) -> ColumnElement[bool]:
    return and_(remote_keys.c.agency == agency, remote_keys.c.officer == officer)


def _values(key: RemoteKey) -> dict[str, object]:
    return {
        "agency": key.agency,
        "officer": key.terms.officer,
        "serial": key.serial,
        "node": key.terms.node,
        "signers": list(key.terms.signers),
        "created_at": key.created_at,
    }
