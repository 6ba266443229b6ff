"""Sign a PDF with an agency's remote key."""

import asyncio
from datetime import datetime
from pathlib import Path

from lienthong.shared.signatures.pades import sign_pdf
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.signature_log import SignatureOrder
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.sign import sign_remotely


async def sign_document(
    resources: Resources, order: SignatureOrder, pdf: Path, *, out: Path, caller: Principal
) -> None:
    """Writes the signed PDF to ``out``: PAdES baseline B, a new revision after what is there.

    Raises:
        SigningNotAllowed: The caller may not sign for the agency.
        RemoteKeyMissing: There is no usable key here.
        TooManySignatures: The key or the caller is over its limit.
        PDFNotSignable: It is no PDF, or none that can be signed.
    """

    async def sign(key: StoredKey) -> None:
        await asyncio.to_thread(_sign, pdf, out, key, at=resources.clock())

    await sign_remotely(resources, order, sign, caller=caller)


def _sign(pdf: Path, out: Path, key: StoredKey, *, at: datetime) -> None:
    with pdf.open("rb") as opened, out.open("wb+") as written:
        sign_pdf(opened, written, key=key, at=at)
