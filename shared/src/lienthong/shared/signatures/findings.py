"""What has been found about one signature so far; the first failed rule ends its check."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, NoReturn

from cryptography import x509

from lienthong.shared.signatures.report import Check, Indication, Proof, SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.trust import CheckedCertificate

_TOTAL: Final = {
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.REVOKED,
    SubIndication.EXPIRED,
    SubIndication.NOT_YET_VALID,
}
"""Sub-indications that condemn. Source: ETSI EN 319 102-1 clause 5.1.3, table 6."""


class Rule(Enum):
    """A rule that is checked: its name and its clause."""

    FORMAT = ("format", "EN 319 102-1 5.2.2")
    ALGORITHMS = ("algorithms", "EN 319 102-1 5.2.8")
    REFERENCES = ("references", "EN 319 102-1 5.2.7")
    COVERAGE = ("coverage", "EN 319 102-1 5.2.8")
    CHANGES = ("changes after signing", "EN 319 142-1 5.4")
    SIGNING_CERTIFICATE = ("signing certificate", "EN 319 102-1 5.2.3")
    VALUE = ("signature value", "EN 319 102-1 5.2.7")
    CHAIN = ("certificate chain", "EN 319 102-1 5.2.6")
    TIME = ("signing time", "EN 319 102-1 5.2.8")
    SENDER = ("signer is sender", "QCVN 102:2016 From/OrganId")
    REVOCATION = ("revocation", "EN 319 102-1 5.2.5")
    TIME_STAMP = ("time stamp", "EN 319 102-1 5.4")


class CheckEnded(Exception):
    """A rule failed; what follows it is not looked at."""

    def __init__(self, sub_indication: SubIndication) -> None:
        super().__init__(sub_indication.value)
        self.sub_indication = sub_indication


@dataclass(slots=True, kw_only=True)
class Findings:
    """Grows while one signature is checked."""

    kind: SignatureKind
    where: str
    checks: list[Check] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)
    signer: x509.Certificate | None = None
    trusted: CheckedCertificate | None = None
    signing_time: datetime | None = None
    level: str = ""
    best_signature_time: datetime | None = None
    proof: Proof | None = None
    proof_source: str = ""

    def passed(self, rule: Rule, detail: str = "") -> None:
        """The rule holds."""
        self._add(rule, passed=True, detail=detail)

    def disregarded(self, rule: Rule, detail: str) -> None:
        """Something that was shown does not hold, and so proves nothing; nothing rests on it."""
        self._add(rule, passed=False, detail=detail)

    def unknown(self, rule: Rule, detail: str) -> None:
        """The rule could not be checked, which alone condemns nothing."""
        self._add(rule, passed=None, detail=detail)

    def failed(self, rule: Rule, detail: str, sub_indication: SubIndication) -> NoReturn:
        """The rule does not hold: the check ends. Raises :class:`CheckEnded`."""
        self._add(rule, passed=False, detail=detail)
        raise CheckEnded(sub_indication)

    def ended(self, rule: Rule, detail: str, sub_indication: SubIndication) -> SignatureReport:
        """The report after ``rule`` failed."""
        self._add(rule, passed=False, detail=detail)
        return self.report(sub_indication)

    def report(self, sub_indication: SubIndication | None) -> SignatureReport:
        """The report; ``sub_indication`` None: everything holds."""
        indication = Indication.INDETERMINATE
        if sub_indication is None:
            indication = Indication.TOTAL_PASSED
        elif sub_indication in _TOTAL:
            indication = Indication.TOTAL_FAILED
        return SignatureReport(
            kind=self.kind,
            where=self.where,
            claimed_signer=self.signer.subject.rfc4514_string() if self.signer else "",
            agency=self.trusted.agency if self.trusted else None,
            signing_time=self.signing_time,
            level=self.level,
            best_signature_time=self.best_signature_time,
            proof=self.proof,
            proof_source=self.proof_source,
            indication=indication,
            sub_indication=sub_indication,
            checks=tuple(self.checks),
            covered=tuple(self.covered),
            not_covered=tuple(self.not_covered),
        )

    def _add(self, rule: Rule, *, passed: bool | None, detail: str = "") -> None:
        name, clause = rule.value
        self.checks.append(Check(name=name, clause=clause, passed=passed, detail=detail))
