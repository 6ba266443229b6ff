"""The rules about a signer that every format shares: chain, signing time, sender, revocation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from lienthong.shared.identifiers import new_form_of
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import CheckedCertificate, TrustStore, check_certificate

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of ours a signer's clock may be."""


def check_signer(
    signer: x509.Certificate, others: Sequence[x509.Certificate], findings: Findings, *, trust: TrustStore, at: datetime
) -> CheckedCertificate:
    """The chain of the signer at ``at``, and the signing time that ``findings`` hold.

    Revoked before the claimed signing time is TOTAL-FAILED: the signer himself says that he signed later. Revoked
    after it is INDETERMINATE, since nothing proves that the signature is older.
    Source: ETSI EN 319 102-1 clause 5.2.6.4.

    Raises:
        CheckEnded: A rule failed.
    """
    try:
        trusted = check_certificate(signer, others, trust=trust, at=at, profile=None)
    except CertificateRefused as error:
        claimed, revoked_at = findings.signing_time, error.revoked_at
        after = claimed is not None and revoked_at is not None and claimed >= revoked_at
        findings.failed(Rule.CHAIN, error.detail, SubIndication.REVOKED if after else error.sub_indication)
    findings.trusted = trusted
    findings.passed(Rule.CHAIN)
    _check_time(findings, signer, at)
    return trusted


def _check_time(findings: Findings, signer: x509.Certificate, at: datetime) -> None:
    claimed = findings.signing_time
    if claimed is None:
        findings.unknown(Rule.TIME, "It claims no time.")
        return
    if not signer.not_valid_before_utc <= claimed <= min(signer.not_valid_after_utc, at + CLOCK_TOLERANCE):
        detail = "The claimed signing time is in the future or outside the certificate's validity."
        findings.failed(Rule.TIME, detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    findings.passed(Rule.TIME)


def check_sender(trusted: CheckedCertificate, sender: str | None, findings: Findings) -> None:
    """The signer's agency is ``sender``, in either form of its code. Raises :class:`CheckEnded`."""
    if sender is None or trusted.agency is None:
        findings.unknown(Rule.SENDER, "The sender or the certificate names no agency.")
        return
    if trusted.agency not in {sender, new_form_of(sender)}:
        detail = f"Signed by agency {trusted.agency}, sent by {sender}."
        findings.failed(Rule.SENDER, detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    findings.passed(Rule.SENDER)


def check_revocation(trusted: CheckedCertificate, findings: Findings) -> None:
    """Fresh revocation lists were at hand. Raises :class:`CheckEnded`."""
    if trusted.revocation_unknown:
        findings.failed(Rule.REVOCATION, "No fresh revocation list is at hand.", SubIndication.TRY_LATER)
    findings.passed(Rule.REVOCATION)
