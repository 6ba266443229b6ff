"""Sign a PDF with an agency's remote key."""

import asyncio
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.x509.oid import NameOID

from lienthong.shared.clients.time_stamping import (
    TimeStampingUnavailable,
    TimeStampRefused,
    new_query,
    token_in,
)
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.pades import AgencySeal, Appearance, Lasting, Level, OfficerSignature, sign_pdf
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.records import AGENCY_ITSELF
from lienthong.signing.domain.signature_log import SignatureOrder
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.sign import sign_remotely
from lienthong.signing.usecases.stamp import stamp
from lienthong.signing.usecases.trust_list import current_trust

STAMP_PATIENCE_S: Final = 3.0
"""Seconds that a signature waits for its time stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the signature should be. ``visible``: drawn as Decree 30/2020 asks, a seal with ``document_code``."""

    level: Level = Level.B_B
    visible: bool = False
    document_code: str = ""


async def sign_document(
    resources: Resources, order: SignatureOrder, pdf: Path, *, out: Path, caller: Principal, wishes: Wishes
) -> Level:
    """Writes the signed PDF to ``out``, a new revision after what is there. The time stamps are this service's own.

    Returns:
        The level that was reached: lower than wished where no time stamp could be had.

    Raises:
        SigningNotAllowed: The caller may not sign for the agency.
        RemoteKeyMissing: There is no usable key here.
        TooManySignatures: The key or the caller is over its limit.
        PDFNotSignable: It is no PDF, or none that can be signed.
    """
    lasting = await _means(resources, wishes.level)

    async def sign(key: StoredKey) -> Level:
        appearance = _appearance(order, key, wishes) if wishes.visible else None
        return await asyncio.to_thread(
            _sign, pdf, out, key, at=resources.clock(), appearance=appearance, lasting=lasting
        )

    return await sign_remotely(resources, order, sign, caller=caller)


async def _means(resources: Resources, level: Level) -> Lasting | None:
    if level is Level.B_B:
        return None
    return Lasting(level=level, stamp=_own_stamp(resources), trust=await current_trust(resources))


def _own_stamp(resources: Resources) -> Stamp:
    """This service's own authority, for the thread that signs."""
    loop = asyncio.get_running_loop()

    def ask(digest: bytes) -> bytes:
        query, nonce = new_query(digest)
        try:
            reply = asyncio.run_coroutine_threadsafe(stamp(resources, query), loop).result(STAMP_PATIENCE_S)
            return token_in(reply, digest=digest, nonce=nonce)
        except (TimeStampRefused, FutureTimeoutError) as error:
            raise TimeStampingUnavailable("The time-stamping authority gave no stamp.") from error

    return ask


def _appearance(order: SignatureOrder, key: SignatureKey, wishes: Wishes) -> Appearance:
    names = key.certificate_chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else ""
    if order.officer != AGENCY_ITSELF:
        return OfficerSignature(name=name)
    return AgencySeal(name=name, document_code=wishes.document_code)


def _sign(
    pdf: Path,
    out: Path,
    key: StoredKey,
    *,
    at: datetime,
    appearance: Appearance | None,
    lasting: Lasting | None,
) -> Level:
    with pdf.open("rb") as opened, out.open("wb+") as written:
        return sign_pdf(opened, written, key=key, at=at, appearance=appearance, lasting=lasting)
