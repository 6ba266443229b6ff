"""What a check of signatures found, in the words of ETSI EN 319 102-1."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from lienthong.shared.identifiers import AgencyCode


class Indication(StrEnum):
    """The verdict. Source: ETSI EN 319 102-1 clause 5.1.3, table 5."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class SubIndication(StrEnum):
    """Why it is not TOTAL-PASSED. Source: ETSI EN 319 102-1 clause 5.1.3, table 6."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    TRY_LATER = "TRY_LATER"
    GENERIC = "GENERIC"


class PackageSignature(StrEnum):
    """What became of the package's own signature, apart from those inside its attachments."""

    ABSENT = "absent"
    """None, or an empty element. Packages of 2025 carry none."""
    UNVERIFIABLE = "unverifiable"
    """Something is there that nobody can check or trust: copied values, an unknown issuer, no revocation data."""
    VALID = "valid"
    INVALID = "invalid"
    """It says that the package is not what was signed, or breaks a rule that a signature must keep."""


class SignatureKind(StrEnum):
    """The format of one signature."""

    PADES = "pades"
    XADES = "xades"
    CADES = "cades"
    ASIC = "asic"


class Proof(StrEnum):
    """What proves that a signature existed at its best signature time."""

    TIME_STAMP = "time-stamp"
    """A valid time stamp over the signature. Source: ETSI EN 319 102-1 clause 5.5."""
    RECEIPT = "receipt"
    """The node that judges it had it in its hands: no stamp, or none that holds, and so no proof to others."""


class Finding(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(Finding):
    """One check: ``passed`` None when it could not be made."""

    name: str
    clause: str
    passed: bool | None
    detail: str = ""


class SignatureReport(Finding):
    """What was found about one signature.

    ``where`` is ``package`` or ``attachment <n>``. ``claimed_signer`` is the certificate's subject, to be believed
    only with TOTAL-PASSED; ``signing_time`` is the signer's own claim. ``best_signature_time`` is the earliest moment
    at which the signature is proven to exist, ``proof`` by what, ``proof_source`` by whom (the subject of the
    time-stamping authority). ``level`` is the form that was found, such as ``XAdES-B-T``; empty before it was
    read. ``covered`` and ``not_covered`` name parts.
    """

    kind: SignatureKind
    where: str
    level: str = ""
    claimed_signer: str = ""
    agency: AgencyCode | None = None
    signing_time: datetime | None = None
    best_signature_time: datetime | None = None
    proof: Proof | None = None
    proof_source: str = ""
    indication: Indication
    sub_indication: SubIndication | None = None
    checks: tuple[Check, ...] = ()
    covered: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()


class Report(Finding):
    """What was found about all signatures of one package.

    ``indication`` None: there are none. ``policy`` names the policy that was in force (:mod:`policies`),
    ``document_type`` what it was asked for: ``new``, ``recall``, ``update``, ``replace`` or ``status``; empty: unknown.
    """

    package: PackageSignature = Field(examples=["valid"])
    indication: Indication | None = Field(default=None, examples=["TOTAL-PASSED"])
    sub_indication: SubIndication | None = None
    signatures: tuple[SignatureReport, ...] = ()
    checked_at: datetime
    policy: str = ""
    document_type: str = ""


def worst(signatures: tuple[SignatureReport, ...]) -> SignatureReport | None:
    """The first signature with the worst verdict, or None when there are none."""
    order = list(Indication)
    return max(signatures, key=lambda one: order.index(one.indication), default=None)


_MISUSE = {
    SubIndication.SIG_CONSTRAINTS_FAILURE,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.SIGNED_DATA_NOT_FOUND,
    SubIndication.REVOKED_NO_POE,
}
"""Sub-indications that make a package signature invalid though ETSI leaves them open.

A package is signed when it is sent: a part that is missing or left unsigned, a certificate for something else or a
revoked one is misuse, and no old age excuses it.
"""


def package_signature(signatures: tuple[SignatureReport, ...]) -> PackageSignature:
    """What the reports on a package's own signatures come to: one invalid spoils all, one valid is enough."""
    if not signatures:
        return PackageSignature.ABSENT
    if any(one.indication is Indication.TOTAL_FAILED or one.sub_indication in _MISUSE for one in signatures):
        return PackageSignature.INVALID
    if any(one.indication is Indication.TOTAL_PASSED for one in signatures):
        return PackageSignature.VALID
    return PackageSignature.UNVERIFIABLE
