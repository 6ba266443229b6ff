"""Revoke a certificate: the decision and the list that tells it are one transaction."""

from dataclasses import replace
from datetime import datetime

from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import require_may_revoke
from lienthong.signing.domain.records import CertificateRecord, RevocationReason, Serial
from lienthong.signing.domain.revocation import decide_revocation
from lienthong.signing.errors import CertificateUnknown, RevocationNotAllowed
from lienthong.signing.storage import authorities
from lienthong.signing.storage.certificates import certificate, set_revoked
from lienthong.signing.usecases.publish_crl import add_next_crl
from lienthong.signing.usecases.resources import Resources


async def revoke_certificate(
    resources: Resources,
    serial: Serial,
    reason: RevocationReason,
    *,
    effective_at: datetime | None,
    caller: Principal | None,
) -> CertificateRecord:
    """The revoked certificate; the same reason again changes nothing and gives the same answer.

    ``caller`` None is the operator at the command line, who may also revoke an issuing authority with the root key.

    Raises:
        CertificateUnknown: No certificate has that serial number.
        RevocationNotAllowed: It is another's.
        RevocationConflict, RevocationTimeInvalid: See :func:`~lienthong.signing.domain.revocation.decide_revocation`.
        KeyOffline: The key of the authority that issued it is not on this machine.
    """
    async with resources.database.begin() as connection:
        record = await certificate(connection, serial, for_update=True)
        if record is None:
            raise CertificateUnknown("No certificate has that serial number.")
        if caller is not None:
            require_may_revoke(caller, record)
        revocation = decide_revocation(record, reason, effective_at=effective_at, now=resources.clock())
        if revocation is None:
            return record
        issuer = await authorities.authority(connection, record.issuer)
        if issuer is None or issuer.serial == record.serial:
            raise RevocationNotAllowed("A root is not revoked: it is taken out of every node's configuration.")
        await set_revoked(connection, serial, revocation)
        await add_next_crl(connection, resources, issuer)
    return replace(record, revocation=revocation)
