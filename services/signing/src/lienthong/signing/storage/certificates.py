"""Rows of certificates and of remote keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.records import (
    AuthorityName,
    CertificateRecord,
    Revocation,
    RevocationReason,
    Serial,
)
from lienthong.signing.storage.schema import certificates

AnyRow = Row[*tuple[Any, ...]]


async def add_certificates(connection: AsyncConnection, records: Sequence[CertificateRecord]) -> None:
    """Adds certificates in one go."""
    if records:
        await connection.execute(insert(certificates), [_row_of(record) for record in records])


async def certificate(
    connection: AsyncConnection, serial: Serial, *, for_update: bool = False
) -> CertificateRecord | None:
    """One certificate; ``for_update`` keeps other writers of it waiting until the transaction ends."""
    query = select(certificates).where(certificates.c.serial == serial)
    row = (await connection.execute(query.with_for_update() if for_update else query)).first()
    return record_of_row(row) if row else None


async def renewal_of(connection: AsyncConnection, serial: Serial) -> CertificateRecord | None:
    """The certificate that renews another."""
    row = (await connection.execute(select(certificates).where(certificates.c.renews == serial))).first()
    return record_of_row(row) if row else None


async def list_certificates(
    connection: AsyncConnection, *, agency: AgencyCode | None, after: tuple[datetime, Serial] | None, limit: int
) -> list[CertificateRecord]:
    """Certificates in the order of issue, beginning behind ``after``."""
    query = select(certificates).order_by(certificates.c.issued_at, certificates.c.serial).limit(limit)
    if agency is not None:
        query = query.where(certificates.c.agency == agency)
    if after is not None:
        at, serial = after
        later = and_(certificates.c.issued_at == at, certificates.c.serial > serial)
        query = query.where(or_(certificates.c.issued_at > at, later))
    return [record_of_row(row) for row in await connection.execute(query)]


async def newest_of_profile(
    connection: AsyncConnection, profile: Profile, *, issuer: AuthorityName | None, limit: int
) -> list[CertificateRecord]:
    """The last certificates of a profile, newest first. ``issuer`` None: of any."""
    query = select(certificates).where(certificates.c.profile == profile.value)
    if issuer is not None:
        query = query.where(certificates.c.issuer == issuer)
    query = query.order_by(certificates.c.issued_at.desc(), certificates.c.serial.desc()).limit(limit)
    return [record_of_row(row) for row in await connection.execute(query)]


async def certificates_of(
    connection: AsyncConnection, issuer: AuthorityName, serials: Sequence[Serial]
) -> dict[Serial, CertificateRecord]:
    """Those of an authority that have one of the serial numbers."""
    query = select(certificates).where(certificates.c.issuer == issuer, certificates.c.serial.in_(serials))
    return {row.serial: record_of_row(row) for row in await connection.execute(query)}


async def set_revoked(connection: AsyncConnection, serial: Serial, revocation: Revocation) -> None:
    """Records a revocation."""
    await connection.execute(
        update(certificates)
        .where(certificates.c.serial == serial)
        .values(
            revoked_at=revocation.decided_at,
            revocation_effective_at=revocation.effective_at,
            revocation_reason=revocation.reason,
        )
    )


async def revoked_under(connection: AsyncConnection, issuer: AuthorityName) -> list[tuple[Serial, Revocation]]:
    """Everything that an authority has revoked, in the order of the decisions."""
    columns = (certificates.c.serial, *_revocation_columns)
    query = select(*columns).where(certificates.c.issuer == issuer, certificates.c.revoked_at.is_not(None))
    rows = await connection.execute(query.order_by(certificates.c.revoked_at, certificates.c.serial))
    return [(row.serial, revocation) for row in rows if (revocation := _revocation_of(row)) is not None]


def record_of_row(row: AnyRow) -> CertificateRecord:
    """The certificate in a row with all of its columns."""
    return CertificateRecord(
        serial=row.serial,
        issuer=row.issuer,
        profile=Profile(row.profile),
        subject=row.subject,
        agency=row.agency,
        node=row.node,
        pem=row.pem,
        not_before=row.not_before,
        not_after=row.not_after,
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        revocation=_revocation_of(row),
        renews=row.renews,
    )


_revocation_columns = (
    certificates.c.revoked_at,
    certificates.c.revocation_effective_at,
    certificates.c.revocation_reason,
)


def _revocation_of(row: AnyRow) -> Revocation | None:
    if row.revoked_at is None:
        return None
    return Revocation(
        decided_at=row.revoked_at,
        effective_at=row.revocation_effective_at,
        reason=RevocationReason(row.revocation_reason),
    )


def _row_of(record: CertificateRecord) -> dict[str, object]:
    return {
        "serial": record.serial,
        "issuer": record.issuer,
        "profile": record.profile.value,
        "subject": record.subject,
        "agency": record.agency,
        "node": record.node,
        "pem": record.pem,
        "not_before": record.not_before,
        "not_after": record.not_after,
        "issued_at": record.issued_at,
        "issued_by": record.issued_by,
        "renews": record.renews,
    }
