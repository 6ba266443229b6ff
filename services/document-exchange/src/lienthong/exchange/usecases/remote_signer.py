"""Package signatures with an agency's remote key: the key stays with the signing service."""

import asyncio
from typing import Final

import structlog

from lienthong.exchange.errors import TrustListMissing
from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.signing import RemoteSignature, SigningUnavailable
from lienthong.shared.clients.time_stamping import TimeStampingClient, TimeStampingUnavailable, TimeStampRefused
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.time_stamps import TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.xades import prepare_signature

WHO_SIGNS: Final = b"lienthong: which certificate?"
"""Signed only to learn the certificate, which a signature names before it is made. No document begins so."""
ROTATIONS: Final = 2
"""Attempts: the key may be replaced between two questions."""
TIME_STAMP_PATIENCE_S: Final = 3.0
"""Seconds that a signature waits for its time stamp; the sender waits with it."""
_log = structlog.get_logger(__name__)


async def sign_remotely(reading: PackageReading, agency: AgencyCode, process: Process) -> bytes:
    """The ``ds:Signature`` of ``agency`` over a package: XAdES B-T, or B-B where no time stamp can be had quickly.

    Raises:
        RemoteKeyMissing, SigningForbidden, SigningRefused, SigningUnavailable: It cannot be had.
        PackageNotSignable: A part of the package has no Id.
    """
    known = await process.signing.sign_raw(agency, WHO_SIGNS)
    for _ in range(ROTATIONS):
        prepared = await asyncio.to_thread(
            prepare_signature,
            reading,
            certificate_chain=known.certificates,
            algorithm=known.algorithm,
            at=process.clock(),
        )
        signed: RemoteSignature = await process.signing.sign_raw(agency, prepared.to_sign)
        if signed.certificates == known.certificates:
            token = await _time_stamp(prepared.digest_to_stamp(signed.value), process)
            return prepared.finish(signed.value, time_stamp=token)
        known = signed
    raise SigningUnavailable("The agency's signing key is being replaced; try again.")


async def _time_stamp(digest: bytes, process: Process) -> bytes | None:
    """A token that this node itself believes; None when there is none: nothing waits for a time stamp."""
    try:
        async with asyncio.timeout(TIME_STAMP_PATIENCE_S):
            token = await TimeStampingClient(process.settings.tsa_address, process.http).stamp(digest)
        await asyncio.to_thread(check_time_stamp, token, digest, trust=process.trust.current(), at=process.clock())
    except (TimeStampingUnavailable, TimeStampRefused, TimeStampInvalid, TrustListMissing, TimeoutError) as error:
        _log.warning("signed without a time stamp", reason=str(error) or "the authority is slow")
        return None
    return token
