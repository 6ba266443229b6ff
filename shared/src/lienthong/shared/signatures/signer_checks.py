"""The rules about a signer that every format shares: chain, signing time, sender, revocation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from lienthong.shared.identifiers import new_form_of
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.report import Proof, SubIndication
from lienthong.shared.signatures.trust import CheckedCertificate, TrustStore, check_certificate

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of ours a signer's clock may be."""


def check_signer(
    signer: x509.Certificate, others: Sequence[x509.Certificate], findings: Findings, *, trust: TrustStore, at: datetime
) -> CheckedCertificate:
    """The chain of the signer at ``at``, and the signing time that ``findings`` hold.

    ``at`` is the best signature time (:func:`existence.establish_time`), so that what expired or was revoked later
    harms nothing. Revoked by then, and before the claimed signing time, is TOTAL-FAILED: the signer himself says that
    he signed later. Revoked between the two is INDETERMINATE, since nothing proves that the signature is older.
    Time-stamped before the certificate began is TOTAL-FAILED.
    Source: ETSI EN 319 102-1 clauses 5.2.6.4 and 5.5.4 step 5.

    Raises:
        CheckEnded: A rule failed.
    """
    try:
        trusted = check_certificate(signer, others, trust=trust, at=at, profile=None)
    except CertificateRefused as error:
        findings.failed(Rule.CHAIN, error.detail, _in_time(error, signer, findings))
    findings.trusted = trusted
    findings.passed(Rule.CHAIN, _later_revocation(trusted, trust))
    _check_time(findings, signer, at)
    return trusted


def _in_time(error: CertificateRefused, signer: x509.Certificate, findings: Findings) -> SubIndication:
    """What the refusal means for a signature that claims one time and is proven for another."""
    claimed, revoked_at = findings.signing_time, error.revoked_at
    if claimed is not None and revoked_at is not None and claimed >= revoked_at:
        return SubIndication.REVOKED
    stamped = findings.best_signature_time if findings.proof is Proof.TIME_STAMP else None
    if stamped is not None and stamped < signer.not_valid_before_utc:
        return SubIndication.NOT_YET_VALID
    return error.sub_indication


def _later_revocation(trusted: CheckedCertificate, trust: TrustStore) -> str:
    for certificate, issuer in zip(trusted.path, trusted.path[1:], strict=False):
        revocation = trust.revocation(certificate, issuer)
        if revocation is not None:
            subject = certificate.subject.rfc4514_string()
            return f"{subject} was revoked at {revocation.at.isoformat()}, after the signature is proven to exist."
    return ""


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
