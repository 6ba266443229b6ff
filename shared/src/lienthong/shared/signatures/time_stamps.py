"""Time stamps: that a digest existed at a moment, stated by a time-stamping authority.

A pure module: a token, a digest, trust and a time in; the statement or an error out. Source: RFC 3161, RFC 5816, ETSI
EN 319 422, ETSI EN 319 102-1 clause 5.4.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import tsp
from cryptography import x509

from lienthong.shared.errors import Verification
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.signed_data import (
    UNREADABLE,
    SignedContent,
    SignedDataRefused,
    moment_of,
    read_signed_data,
)
from lienthong.shared.signatures.trust import CheckedCertificate, TrustStore, check_certificate

Stamp = Callable[[bytes], bytes]
"""A way to an authority: gives a TimeStampToken (DER) over a SHA-256 digest.

Raises :class:`~lienthong.shared.errors.Unavailable` when the authority is away.
"""
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of ours the authority's clock may be."""
_DIGESTS: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_HARMLESS: Final = {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.affiliation_changed,
    x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
}
"""Reasons of a revocation after which older tokens stay good. Source: RFC 3161 section 4, first item."""


class TimeStampInvalid(Verification):
    """A time stamp does not prove what it is shown for; ``sub_indication`` says why."""

    code = "time-stamp-invalid"
    title = "The time stamp is not valid"

    def __init__(self, detail: str, *, sub_indication: SubIndication) -> None:
        super().__init__(detail, facts={"sub_indication": sub_indication.value})
        self.sub_indication = sub_indication


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """A time stamp that holds: the digest existed at ``gen_time``, give or take ``accuracy``.

    ``policy`` is the authority's, dotted; ``certificate`` was good at ``gen_time``, and its ``revocation_unknown``
    tells when no fresh statement said so. ``nonce`` is that of the request. ``has_strangers``: the token carries
    something that this check did not need, certificates or unsigned attributes, of which nothing is known.
    """

    gen_time: datetime
    accuracy: timedelta
    serial: int
    policy: str
    nonce: int | None
    certificate: CheckedCertificate
    has_strangers: bool

    @property
    def authority(self) -> str:
        """The authority's subject, RFC 4514."""
        return self.certificate.certificate.subject.rfc4514_string()


def check_time_stamp(token: bytes, digest: bytes, *, trust: TrustStore, at: datetime) -> TimeStamp:
    """Check that ``token`` states when ``digest`` existed.

    1. It is one CMS signature over a TSTInfo, with the certificate that its signed attributes name by ESSCertIDv2
       (:func:`signed_data.read_signed_data`).
    2. The TSTInfo is the one that was signed, and the value is that certificate's.
    3. The imprint is ``digest``, by a digest of that length: nothing else was stamped.
    4. The stated time is not in the future.
    5. The certificate was good for time stamps, critically and alone, at the stated time, up to a trusted authority.
    6. It was not revoked since for a reason that makes every older token worthless.

    Args:
        token: TimeStampToken, DER.
        digest: What must have been stamped: SHA-256, SHA-384 or SHA-512, by its length.
        trust: Roots, authorities, CRLs and OCSP answers.
        at: The moment for which the token is proven to exist: when it was received.

    Raises:
        TimeStampInvalid: The first step that does not hold.
    """
    try:
        signed = read_signed_data(token, content_type="tst_info")  # 1
        info = _signed_info(signed)  # 2
        _require_imprint(info, digest)  # 3
        stamp_time = moment_of(info["gen_time"])
        accuracy = _accuracy(info)
        serial, policy, nonce = info["serial_number"].native, info["policy"].dotted, info["nonce"].native
    except SignedDataRefused as error:
        raise TimeStampInvalid(error.detail, sub_indication=error.sub_indication) from error
    except UNREADABLE as error:
        raise _invalid("The time stamp cannot be read.", SubIndication.FORMAT_FAILURE) from error
    if stamp_time > at + CLOCK_TOLERANCE:  # 4
        raise _invalid("The time stamp is of the future.", SubIndication.SIG_CONSTRAINTS_FAILURE)
    checked = _authority(signed, trust=trust, stamp_time=stamp_time, at=at)  # 5, 6
    return TimeStamp(
        gen_time=stamp_time,
        accuracy=accuracy,
        serial=serial,
        policy=policy,
        nonce=nonce,
        certificate=checked,
        has_strangers=signed.has_more or not set(signed.others) <= set(checked.path),
    )


def _invalid(detail: str, sub_indication: SubIndication) -> TimeStampInvalid:
    return TimeStampInvalid(detail, sub_indication=sub_indication)


def _signed_info(signed: SignedContent) -> tsp.TSTInfo:
    content = signed.content
    if content is None or not isinstance(signed.parsed_content, tsp.TSTInfo):
        raise _invalid("The time stamp holds no TSTInfo.", SubIndication.FORMAT_FAILURE)
    if hashlib.new(signed.digest_algorithm, content).digest() != signed.message_digest:
        raise _invalid("The time stamp was changed after it was signed.", SubIndication.HASH_FAILURE)
    if not signed.is_signed_by_signer:
        detail = "The value is not the signature of the time stamp's certificate."
        raise _invalid(detail, SubIndication.SIG_CRYPTO_FAILURE)
    info = tsp.TSTInfo.load(content, strict=True)
    if info["version"].native != "v1":
        raise _invalid("The time stamp is of another version.", SubIndication.FORMAT_FAILURE)
    return info


def _require_imprint(info: tsp.TSTInfo, digest: bytes) -> None:
    imprint = info["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if _DIGESTS.get(algorithm) != len(digest):
        detail = f"The time stamp is over a digest of another kind: {algorithm}."
        raise _invalid(detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    if not hmac.compare_digest(imprint["hashed_message"].native, digest):
        raise _invalid("The time stamp is over something else.", SubIndication.HASH_FAILURE)


def _accuracy(info: tsp.TSTInfo) -> timedelta:
    held = info["accuracy"].native or {}
    return timedelta(
        seconds=held.get("seconds") or 0, milliseconds=held.get("millis") or 0, microseconds=held.get("micros") or 0
    )


def _authority(signed: SignedContent, *, trust: TrustStore, stamp_time: datetime, at: datetime) -> CheckedCertificate:
    try:
        checked = check_certificate(
            signed.signer, signed.others, trust=trust, at=stamp_time, profile=Profile.TIME_STAMPING
        )
    except CertificateRefused as error:
        raise TimeStampInvalid(error.detail, sub_indication=error.sub_indication) from error
    for certificate, issuer in zip(checked.path, checked.path[1:], strict=False):
        revocation = trust.revocation(certificate, issuer)
        if revocation is not None and revocation.at <= at and revocation.reason not in _HARMLESS:
            detail = (
                f"The authority's certificate was revoked at {revocation.at.isoformat()}, so that older tokens fall."
            )
            raise _invalid(detail, SubIndication.REVOKED_NO_POE)
    return checked
