"""Enrolment: which certificates take a second person, and how that person decides.

A person is known by the subject of the token that the registry gave: what a request says of persons proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import node_of_client
from lienthong.signing.domain.records import RemoteTerms, Serial
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import (
    ApprovalNotAllowed,
    ApprovalRequired,
    EnrolmentDecided,
    EnrolmentExpired,
    EnrolmentInvalid,
)

EnrolmentId = NewType("EnrolmentId", str)
"""UUIDv7."""
MAX_PENDING: Final = 1_000
"""Enrolments of one caller that nobody has decided."""
MAX_SIGNERS: Final = 32
"""Persons who may sign with one remote key."""


class CallerKind(StrEnum):
    """Who a token speaks for."""

    AGENCY = "agency"
    NODE = "node"
    OPERATOR = "operator"


class EnrolmentKind(StrEnum):
    """What is asked for."""

    CERTIFICATE = "certificate"
    """For the key of a request."""
    REMOTE_KEY = "remote-key"
    """With a key that is made and stays here."""
    BATCH = "batch"
    """Many at once, issued on the machine that holds the keys."""


class EnrolmentState(StrEnum):
    """What became of it."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPolicy:
    """Who gets what without a second person, and how long a second person has, from ``valid_from`` on."""

    name: str
    valid_from: datetime
    direct: Mapping[CallerKind, frozenset[Profile]]
    lifetime: timedelta


POLICIES: Final = (
    EnrolmentPolicy(
        name="four-eyes-1",
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        # A node's seal is worth nothing before the directory names the node. All else signs documents or the map.
        direct={CallerKind.OPERATOR: frozenset({Profile.NODE_SEAL})},
        lifetime=timedelta(days=14),
    ),
)
"""In the order of time. A new policy is added with its date; what was decided under an earlier one stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``by`` is the subject of the token that decided."""

    approved: bool
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A request that waits for a second person, or had one. It never changes but for the decision.

    ``csr`` is PEM; only a certificate's is not empty. ``digest`` (SHA-256, hexadecimal) is a batch's;
    ``certificates`` is how many are asked for. ``serial`` is the certificate that came of it.
    """

    id: EnrolmentId
    kind: EnrolmentKind
    profile: Profile | None = None
    subject: Subject
    csr: str = ""
    remote: RemoteTerms = field(default_factory=RemoteTerms)
    digest: str | None = None
    certificates: int = 1
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decision: Decision | None = None
    serial: Serial | None = None

    def state(self, now: datetime) -> EnrolmentState:
        """What it is at that moment."""
        if self.decision is not None:
            return EnrolmentState.APPROVED if self.decision.approved else EnrolmentState.REJECTED
        return EnrolmentState.PENDING if now < self.expires_at else EnrolmentState.EXPIRED


def policy_at(at: datetime) -> EnrolmentPolicy:
    """The policy in force."""
    return [one for one in POLICIES if one.valid_from <= at][-1]


def kind_of(caller: Principal) -> CallerKind:
    """Who the token speaks for."""
    if caller.agency is not None:
        return CallerKind.AGENCY
    return CallerKind.OPERATOR if node_of_client(caller) is None else CallerKind.NODE


def require_one_person_enough(caller: Principal, profile: Profile, *, now: datetime) -> None:
    """Raises :class:`ApprovalRequired` unless the policy gives the caller that profile without a second person."""
    if profile not in policy_at(now).direct.get(kind_of(caller), frozenset()):
        raise ApprovalRequired(
            "Ask for it at /v1/enrolments; a second person approves it there.", facts={"enrolments": "/v1/enrolments"}
        )


def require_terms(profile: Profile, terms: RemoteTerms) -> None:
    """Whether a key that is kept here may be on these terms.

    1. It is an agency's seal or an officer's.
    2. An officer's is signed with by named persons, and by no node.

    Raises:
        EnrolmentInvalid: One of these.
    """
    if profile not in (Profile.AGENCY_SEAL, Profile.OFFICER):
        raise EnrolmentInvalid("Keys are kept here for agency seals and officers only.")
    if (profile is Profile.OFFICER) != bool(terms.officer):
        raise EnrolmentInvalid("Name the officer for an officer's key, and only then.", facts={"field": "officer"})
    if profile is Profile.OFFICER and (not terms.signers or terms.node):
        raise EnrolmentInvalid("An officer's key names who may sign with it, and no node.", facts={"field": "signers"})


def decide(enrolment: Enrolment, decider: Principal, *, approved: bool, reason: str, now: datetime) -> Decision | None:
    """The decision to be recorded, or None when the very same was recorded before.

    1. The decider is an operator: an agency or a node decides nothing, least of all about itself.
    2. The decider did not ask for it.
    3. Decided once, it stays so.
    4. It has not expired.

    Raises:
        ApprovalNotAllowed: Steps 1 and 2.
        EnrolmentDecided: Step 3, when it was decided the other way.
        EnrolmentExpired: Step 4.
    """
    if kind_of(decider) is not CallerKind.OPERATOR:  # 1
        raise ApprovalNotAllowed("Enrolments are decided by operators.")
    if decider.client_id == enrolment.requested_by:  # 2
        raise ApprovalNotAllowed("Who asked for a certificate does not decide on it; another person must.")
    if enrolment.decision is not None:  # 3
        if enrolment.decision.approved is approved:
            return None
        raise EnrolmentDecided(f"It is {enrolment.state(now)} since {enrolment.decision.at.isoformat()}.")
    if enrolment.state(now) is EnrolmentState.EXPIRED:  # 4
        raise EnrolmentExpired("Nobody decided in time. Ask for it again.")
    return Decision(approved=approved, by=decider.client_id, at=now, reason=reason)


def may_see(caller: Principal, enrolment: Enrolment) -> bool:
    """An operator sees every enrolment, others what they asked for; an agency also what is asked for in its name."""
    if caller.agency is not None:
        return caller.agency == enrolment.subject.agency
    return kind_of(caller) is CallerKind.OPERATOR or caller.client_id == enrolment.requested_by
