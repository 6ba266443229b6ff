"""Read certificates: one, or page by page."""

from datetime import datetime
from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.paging import CursorInvalid, decode_cursor, encode_cursor
from lienthong.signing.domain.records import CertificateRecord, Serial
from lienthong.signing.errors import CertificateUnknown
from lienthong.signing.storage import authorities
from lienthong.signing.storage.certificates import certificate, list_certificates
from lienthong.signing.usecases.resources import Resources


async def read_certificate(resources: Resources, serial: Serial) -> tuple[CertificateRecord, str]:
    """A certificate, and the PEM of its issuer's (empty for the root). Raises :class:`CertificateUnknown`."""
    async with resources.database.read() as connection:
        record = await certificate(connection, serial)
        issuer = await authorities.authority(connection, record.issuer) if record else None
    if record is None or issuer is None:
        raise CertificateUnknown("No certificate has that serial number.")
    if issuer.serial == record.serial:
        return record, ""
    return record, issuer.certificate.public_bytes(Encoding.PEM).decode()


async def page_of_certificates(
    resources: Resources, *, agency: AgencyCode | None, limit: int, cursor: str | None
) -> tuple[list[CertificateRecord], str | None]:
    """At most ``limit`` certificates in the order of issue, and the cursor of the next page.

    Raises:
        CursorInvalid: ``cursor`` was not given out here.
    """
    after = _position(cursor) if cursor else None
    async with resources.database.read() as connection:
        found = await list_certificates(connection, agency=agency, after=after, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return page, encode_cursor(page[-1].issued_at.isoformat(), page[-1].serial) if more else None


def _position(cursor: str) -> tuple[datetime, Serial]:
    text, serial = cast("tuple[str, str]", decode_cursor(cursor, str, str))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CursorInvalid("Use the 'next' of the page before, unchanged.") from error
    if at.tzinfo is None:
        raise CursorInvalid("Use the 'next' of the page before, unchanged.")
    return at, Serial(serial)
