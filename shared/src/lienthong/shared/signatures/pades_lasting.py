"""What makes a signature in a PDF outlast its certificate: time stamps, and the material to check it.

Everything is there when it begins: whoever signs hands in trust with fresh CRLs and OCSP answers, and a way to a
time-stamping authority. Source: ETSI EN 319 142-1 clauses 5.4 and 6.3.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import BinaryIO, Final

from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from lienthong.shared.errors import Unavailable
from lienthong.shared.signatures.ocsp_answers import OCSPInvalid, read_ocsp_answer
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.signed_data import read_signed_data
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.trust import TrustStore, check_certificate

TOKEN_BYTES: Final = 6 * 1024
"""Room for one time stamp: with three certificates a token has 3 to 5 KiB."""


class Level(StrEnum):
    """How long a signature can be checked. Source: ETSI EN 319 142-1 clause 6.1."""

    B_B = "B-B"
    """As long as its certificate is valid."""
    B_T = "B-T"
    """A time stamp proves when it was made."""
    B_LT = "B-LT"
    """Certificates, CRLs and OCSP answers are in the file."""
    B_LTA = "B-LTA"
    """A time stamp over all of that proves that it was there in time."""

    def includes(self, other: "Level") -> bool:
        """Whether a signature of this level has what ``other`` asks for."""
        order = list(Level)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """The level that is wanted, and the means. ``trust`` is where the material comes from; without it: at most B-T."""

    level: Level = Level.B_T
    stamp: Stamp
    trust: TrustStore | None = None


class TimeStampTooLong(Unavailable):
    """A time stamp does not fit into the room that was left for it."""

    code = "time-stamp-too-long"
    title = "The time stamp is too long for the signature"


class HandedTimeStamper(TimeStamper):
    """pyHanko's way to a :data:`~time_stamps.Stamp`."""

    def __init__(self, stamp: Stamp) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._stamp = stamp

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:  # noqa: ARG002
        """The token over a SHA-256 digest. Raises :class:`~lienthong.shared.errors.Unavailable`."""
        token = await asyncio.to_thread(self._stamp, message_digest)  # it may run a loop of its own
        if len(token) > TOKEN_BYTES:
            raise TimeStampTooLong(f"The time stamp has more than {TOKEN_BYTES} bytes.")
        return cms.ContentInfo.load(token)


def add_material(
    pdf: BinaryIO, signer: Sequence[x509.Certificate], token: bytes, *, trust: TrustStore, at: datetime
) -> None:
    """Append a revision with what a later check of ``signer`` (its chain) and of its time stamp needs; no roots.

    A certificate without a path under ``trust`` brings only itself. Source: ETSI EN 319 142-1 clause 5.4.2.
    """
    stamped = read_signed_data(token, content_type="tst_info")
    paths = (
        _path(signer[0], signer[1:], None, trust=trust, at=at),
        _path(stamped.signer, stamped.others, Profile.TIME_STAMPING, trust=trust, at=at),
    )
    found = {one.public_bytes(Encoding.DER): one for path in paths for one in path}
    issuers = {one.issuer for one in found.values()}
    DocumentSecurityStore.add_dss(
        pdf,
        None,
        certs=[asn1_x509.Certificate.load(der) for der, one in found.items() if one not in trust.roots],
        crls=[
            asn1_crl.CertificateList.load(one.public_bytes(Encoding.DER)) for one in trust.crls if one.issuer in issuers
        ],
        ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in trust.ocsp if _speaks_of(one, paths)],
    )


def add_document_time_stamp(pdf: BinaryIO, *, stamp: Stamp) -> None:
    """Append a time stamp over everything so far. Source: ETSI EN 319 142-1 clause 5.4.3.

    Raises:
        Unavailable: The authority is away; the file is as before.
    """
    size = pdf.seek(0, os.SEEK_END)
    writer = IncrementalPdfFileWriter(pdf)
    number = sum(1 for _ in enumerate_sig_fields(writer.prev)) + 1
    stamper = PdfTimeStamper(HandedTimeStamper(stamp), field_name=f"Timestamp{number}")
    try:
        stamper.timestamp_pdf(writer, "sha256", bytes_reserved=2 * TOKEN_BYTES, in_place=True)
    except Unavailable:
        pdf.truncate(size)
        raise


def _path(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    profile: Profile | None,
    *,
    trust: TrustStore,
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    try:
        return check_certificate(leaf, others, trust=trust, at=at, profile=profile).path
    except CertificateRefused:
        return (leaf, *others)


def _speaks_of(answer: bytes, paths: Iterable[Sequence[x509.Certificate]]) -> bool:
    for path in paths:
        for certificate, issuer in pairwise(path):
            with suppress(OCSPInvalid):
                read_ocsp_answer(answer, certificate, issuer)
                return True
    return False
