"""Sign a PDF with an agency's remote key."""

import asyncio
from datetime import datetime
from pathlib import Path

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.pades import sign_pdf
from lienthong.shared.tokens import Principal
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.sign import usable_key


async def sign_document(resources: Resources, agency: AgencyCode, pdf: Path, *, out: Path, caller: Principal) -> None:
    """Writes the signed PDF to ``out``: PAdES baseline B, a new revision after what is there.

    Raises:
        SigningNotAllowed: The caller may not sign for the agency.
        RemoteKeyMissing: The agency has no usable key here.
        PDFNotSignable: It is no PDF, or none that can be signed.
    """
    key = await usable_key(resources, agency, caller=caller)
    await asyncio.to_thread(_sign, pdf, out, key, at=resources.clock())


def _sign(pdf: Path, out: Path, key: StoredKey, *, at: datetime) -> None:
    with pdf.open("rb") as opened, out.open("wb+") as written:
        sign_pdf(opened, written, key=key, at=at)
