"""Validation policies: dated data. The one in force is chosen by time and named in every report.

Sources: ETSI TS 119 312 (algorithms), NIST SP 800-131A rev. 2 (RSA-2048 until the end of 2030), Decree 30/2020/NĐ-CP
(an electronic document bears the signature of the person and of the agency), Decision 28/2018/QĐ-TTg.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lienthong.shared.signatures.report import Indication, PackageSignature, Report


class Action(StrEnum):
    """What a node does with a package."""

    ACCEPT = "accept"
    TELL = "accept-and-tell"
    """Accepted; the report that says why it is not proven goes with it."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, from ``valid_from`` until ``valid_to`` (exclusive; None: until further notice).

    ``digests`` and ``curves`` are names as ``cryptography`` has them. ``revocation_freshness``: how old a statement
    without an end of its own may be. ``required``: by document type (:class:`Report`), how many signatures of the
    package itself must be valid; types that are not named need none.
    """

    name: str
    valid_from: datetime
    valid_to: datetime | None = None
    digests: frozenset[str] = frozenset({"sha256", "sha384", "sha512"})
    curves: frozenset[str] = frozenset({"secp256r1", "secp384r1", "secp521r1"})
    min_rsa_bits: int
    max_rsa_bits: int = 8192
    revocation_freshness: timedelta = timedelta(days=7)
    actions: Mapping[PackageSignature, Action]
    attachments: Mapping[Indication, Action]
    required: Mapping[str, int] = field(default_factory=dict)

    def allows_digest(self, name: str | None) -> bool:
        """Whether signatures may use this digest."""
        return name in self.digests

    def allows_key(self, key: object) -> bool:
        """Whether a public key is of a kind and size that may be relied on."""
        if isinstance(key, rsa.RSAPublicKey):
            return self.min_rsa_bits <= key.key_size <= self.max_rsa_bits
        return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in self.curves


_ACTIONS: Final = {
    PackageSignature.ABSENT: Action.ACCEPT,
    PackageSignature.UNVERIFIABLE: Action.TELL,
    PackageSignature.VALID: Action.ACCEPT,
    PackageSignature.INVALID: Action.REFUSE,
}
_ATTACHMENTS: Final = {
    Indication.TOTAL_PASSED: Action.ACCEPT,
    Indication.INDETERMINATE: Action.TELL,
    Indication.TOTAL_FAILED: Action.REFUSE,
}
POLICIES: Final = (
    Policy(
        name="lienthong-2020",
        valid_from=datetime(2020, 3, 5, tzinfo=UTC),
        valid_to=datetime(2031, 1, 1, tzinfo=UTC),
        min_rsa_bits=2048,
        actions=_ACTIONS,
        attachments=_ATTACHMENTS,
    ),
    Policy(
        name="lienthong-2031",
        valid_from=datetime(2031, 1, 1, tzinfo=UTC),
        min_rsa_bits=3072,
        actions=_ACTIONS,
        attachments=_ATTACHMENTS,
    ),
)
"""In the order of time, without gaps. The first begins with Decree 30/2020/NĐ-CP; what is older is judged by it."""


def policy_at(at: datetime) -> Policy:
    """The policy in force at ``at``."""
    return next((one for one in reversed(POLICIES) if one.valid_from <= at), POLICIES[0])


def policy_named(name: str) -> Policy:
    """The policy of that name; the first one for a report of before policies were named."""
    return next((one for one in POLICIES if one.name == name), POLICIES[0])


def action_on(report: Report) -> Action:
    """What a node does with a package: the strictest of what the policy says about each verdict.

    Absent and unverifiable signatures are accepted and reported: packages of 2025 carry none, and authenticity then
    rests on the sender's token. Source: Decision 28/2018/QĐ-TTg (the recipient checks integrity and authenticity).
    """
    policy = policy_named(report.policy)
    found = [policy.actions[report.package], *(policy.attachments[one.indication] for one in report.signatures)]
    valid = sum(one.where == "package" and one.indication is Indication.TOTAL_PASSED for one in report.signatures)
    if valid < policy.required.get(report.document_type, 0):
        found.append(Action.REFUSE)
    order = list(Action)
    return max(found, key=order.index)


def may_accept(report: Report) -> bool:
    """Whether a node takes the package."""
    return action_on(report) is not Action.REFUSE
