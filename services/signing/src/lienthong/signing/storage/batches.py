"""Rows of batches: which certificate came of which line."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.signing.domain.records import CertificateRecord, Serial
from lienthong.signing.storage.certificates import record_of_row
from lienthong.signing.storage.schema import batch_certificates, certificates


async def add_issued(connection: AsyncConnection, digest: str, serials: Mapping[int, Serial]) -> None:
    """Remembers what came of some lines."""
    rows = [{"digest": digest, "line": line, "serial": serial} for line, serial in serials.items()]
    await connection.execute(insert(batch_certificates), rows)


async def issued_of(
    connection: AsyncConnection, digest: str, *, lines: Sequence[int] | None = None
) -> dict[int, CertificateRecord]:
    """What came of the lines so far. ``lines`` None: of all."""
    query = select(batch_certificates.c.line, certificates).join_from(
        batch_certificates, certificates, batch_certificates.c.serial == certificates.c.serial
    )
    query = query.where(batch_certificates.c.digest == digest)
    if lines is not None:
        query = query.where(batch_certificates.c.line.in_(lines))
    rows = await connection.execute(query)
    return {row.line: record_of_row(row) for row in rows}
