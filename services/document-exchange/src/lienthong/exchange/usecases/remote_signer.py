"""Package signatures with an agency's remote key: the key stays with the signing service."""

import asyncio
from typing import Final

from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.signing import RemoteSignature, SigningUnavailable
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.xades import prepare_signature

WHO_SIGNS: Final = b"lienthong: which certificate?"
"""Signed only to learn the certificate, which a signature names before it is made. No document begins so."""
ROTATIONS: Final = 2
"""Attempts: the key may be replaced between two questions."""


async def sign_remotely(reading: PackageReading, agency: AgencyCode, process: Process) -> bytes:
    """The ``ds:Signature`` of ``agency`` over a package.

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
            return prepared.finish(signed.value)
        known = signed
    raise SigningUnavailable("The agency's signing key is being replaced; try again.")
