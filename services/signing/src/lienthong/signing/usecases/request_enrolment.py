"""Ask for a certificate that a second person must approve."""

import asyncio
from dataclasses import dataclass

from lienthong.shared.identifiers import new_uuid
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import (
    MAX_PENDING,
    Enrolment,
    EnrolmentId,
    EnrolmentKind,
    policy_at,
    require_terms,
)
from lienthong.signing.domain.permissions import require_may_issue
from lienthong.signing.domain.records import RemoteTerms
from lienthong.signing.domain.requests import requested_key, rewritten
from lienthong.signing.domain.subjects import Subject, subject_name, subject_uri
from lienthong.signing.errors import EnrolmentInvalid, TooManyEnrolments
from lienthong.signing.storage import enrolments as rows
from lienthong.signing.usecases.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentOrder:
    """What is asked for: a certificate for the key of ``csr`` (PEM), or a key that is kept here on ``remote`` terms."""

    profile: Profile
    subject: Subject
    csr: str | None
    remote: RemoteTerms | None


async def request_enrolment(resources: Resources, order: EnrolmentOrder, *, caller: Principal) -> Enrolment:
    """The enrolment, which waits for a second person.

    1. The caller may have that certificate, and subject, key and terms are good: an approver is not asked in vain.
    2. One transaction: it is remembered, unless the caller has too many that wait.

    Raises:
        ProfileNotAllowed, SubjectInvalid, EnrolmentInvalid: See the domain.
        CSRInvalid, KeyNotAllowed, ProofOfPossessionInvalid: The request is not good; see ``domain.requests``.
        TooManyEnrolments: Step 2.
    """
    require_may_issue(caller, order.profile, order.subject)  # 1
    subject_name(order.profile, order.subject)
    subject_uri(order.profile, order.subject)
    enrolment = await asyncio.to_thread(_enrolment, resources, order, caller)
    async with resources.database.begin() as connection:  # 2
        if await rows.count_pending(connection, caller.client_id, enrolment.requested_at) >= MAX_PENDING:
            raise TooManyEnrolments(f"At most {MAX_PENDING} of yours may wait for a second person.")
        await rows.add_enrolment(connection, enrolment)
    return enrolment


def _enrolment(resources: Resources, order: EnrolmentOrder, caller: Principal) -> Enrolment:
    if (order.csr is None) == (order.remote is None):
        raise EnrolmentInvalid("Send a 'csr', or 'remote_key' for a key that is kept here, and not both.")
    csr = ""
    if order.remote is not None:
        require_terms(order.profile, order.remote)
    elif order.csr is not None:
        requested_key(order.csr, order.profile)
        csr = rewritten(order.csr)
    now = resources.clock()
    return Enrolment(
        id=EnrolmentId(new_uuid()),
        kind=EnrolmentKind.CERTIFICATE if order.remote is None else EnrolmentKind.REMOTE_KEY,
        profile=order.profile,
        subject=order.subject,
        csr=csr,
        remote=order.remote or RemoteTerms(),
        requested_by=caller.client_id,
        requested_at=now,
        expires_at=now + policy_at(now).lifetime,
    )
