"""Since when a signature is proven to exist, and by what: time decides about certificates that expired or were revoked.

Pure: what is shown, trust and a time in; the proof out, never an error. Source: ETSI EN 319 102-1 clauses 5.4 to 5.6.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.report import Proof, SubIndication
from lienthong.shared.signatures.time_stamps import TimeStamp, TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust import TrustStore

MAX_TIME_STAMPS: Final = 4
"""Time stamps of one signature that are looked at."""
DIGESTS: Final = ("sha256", "sha384", "sha512")
"""Digests that an authority may have been shown, the usual one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStamp:
    """A time stamp as a signature shows it: ``token`` (DER, unverified) is to be over ``stamped``.

    ``stamped`` is what existed, not its digest: the authority may have been shown SHA-256, SHA-384 or SHA-512 of it.
    """

    token: bytes
    stamped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """The signature existed at ``at``. ``source`` is the authority's subject (RFC 4514); empty for a receipt.

    ``stamps`` are those that hold, ``refused`` those that prove nothing.
    """

    at: datetime
    proof: Proof
    source: str = ""
    stamps: tuple[TimeStamp, ...] = ()
    refused: tuple[TimeStampInvalid, ...] = ()


def prove_existence(shown: Sequence[ShownStamp], *, trust: TrustStore, at: datetime) -> Existence:
    """The earliest moment at which a signature is proven to exist.

    1. It existed at ``at``: whoever asks had it then. Clause 5.5.4 step 1.
    2. A time stamp holds when its token is a trusted authority's, over the signature, not of the future, and a fresh
       statement says that the authority's certificate was good. One that does not hold proves nothing, and condemns
       nothing. Clause 5.5.4 step 4.
    3. The earliest that holds is the proof. Its time counts only as far as it is earlier than ``at``.

    Args:
        shown: The signature's time stamps; more than :data:`MAX_TIME_STAMPS` are not looked at.
        trust: Roots, authorities, CRLs and OCSP answers.
        at: When it was received.
    """
    answers = [_checked(one, trust=trust, at=at) for one in shown[:MAX_TIME_STAMPS]]  # 2
    stamps = tuple(one for one in answers if isinstance(one, TimeStamp))
    refused = tuple(one for one in answers if isinstance(one, TimeStampInvalid))
    first = min(stamps, key=lambda one: one.gen_time, default=None)
    if first is None:
        return Existence(at=at, proof=Proof.RECEIPT, refused=refused)  # 1
    moment = min(first.gen_time, at)  # 3
    return Existence(at=moment, proof=Proof.TIME_STAMP, source=first.authority, stamps=stamps, refused=refused)


def establish_time(shown: Sequence[ShownStamp], findings: Findings, *, trust: TrustStore, at: datetime) -> datetime:
    """The best signature time, by :func:`prove_existence`, entered in ``findings`` with each time stamp.

    Ask once the signature's value is known to be right. The signer's certificate is to be judged for this moment.
    """
    found = prove_existence(shown, trust=trust, at=at)
    findings.best_signature_time, findings.proof, findings.proof_source = found.at, found.proof, found.source
    for stamp in found.stamps:
        findings.passed(Rule.TIME_STAMP, f"{stamp.authority} at {stamp.gen_time.isoformat()}")
    for refusal in found.refused:
        findings.disregarded(Rule.TIME_STAMP, f"It proves nothing ({refusal.sub_indication.value}): {refusal.detail}")
    return found.at


def _checked(shown: ShownStamp, *, trust: TrustStore, at: datetime) -> TimeStamp | TimeStampInvalid:
    for algorithm in DIGESTS:
        digest = hashlib.new(algorithm, shown.stamped).digest()
        answer = _checked_digest(shown.token, digest, trust=trust, at=at)
        if isinstance(answer, TimeStamp) or answer.sub_indication is not SubIndication.CRYPTO_CONSTRAINTS_FAILURE:
            break
    return answer


def _checked_digest(token: bytes, digest: bytes, *, trust: TrustStore, at: datetime) -> TimeStamp | TimeStampInvalid:
    try:
        stamp = check_time_stamp(token, digest, trust=trust, at=at)
    except TimeStampInvalid as error:
        return error
    if stamp.certificate.revocation_unknown:
        detail = "Nothing fresh says that the authority's certificate was not revoked."
        return TimeStampInvalid(detail, sub_indication=SubIndication.TRY_LATER)
    return stamp
