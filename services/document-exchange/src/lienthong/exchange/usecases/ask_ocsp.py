"""Asks the network's responder about the seals that an evidence file rests on. What it does not answer is left out."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from cryptography import x509

from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.ocsp import OCSPClient, OCSPRefused, OCSPUnavailable
from lienthong.shared.signatures.ocsp_answers import OCSPInvalid, read_ocsp_answer

MAX_ASKED: Final = 50
"""Certificates that are asked about for one file; revocation lists speak of all."""
ASKED_AT_ONCE: Final = 8
TIME_LIMIT: Final = timedelta(seconds=5)
"""For all answers together: they are a second opinion, and nobody waits for one."""


async def ask_ocsp(
    leaves: Iterable[x509.Certificate], issuers: Sequence[x509.Certificate], process: Process
) -> dict[int, bytes]:
    """Checked answers (DER) by the certificate's serial number.

    Only the signing service is asked: addresses in certificates that others sent are not called.
    """
    issuer_of = {one.subject: one for one in issuers}
    known = {leaf.serial_number: leaf for leaf in leaves if leaf.issuer in issuer_of}
    client, room = OCSPClient(process.settings.ocsp_address, process.http), asyncio.Semaphore(ASKED_AT_ONCE)
    found: dict[int, bytes] = {}

    async def ask(leaf: x509.Certificate) -> None:
        issuer = issuer_of[leaf.issuer]
        try:
            async with room:
                answer = await client.status(leaf, issuer)
            await asyncio.to_thread(read_ocsp_answer, answer, leaf, issuer)
        except (OCSPUnavailable, OCSPRefused, OCSPInvalid):
            return
        found[leaf.serial_number] = answer

    try:
        async with asyncio.timeout(TIME_LIMIT.total_seconds()):
            await asyncio.gather(*(ask(leaf) for leaf in list(known.values())[:MAX_ASKED]))
    except TimeoutError:
        pass  # what came in time is there
    return found
