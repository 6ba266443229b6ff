"""Make a remote key of an agency or of its officer: the key stays here, and signs for those whom its terms name."""

import asyncio
from dataclasses import dataclass

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import require_one_person_enough, require_terms
from lienthong.signing.domain.permissions import require_may_issue
from lienthong.signing.domain.records import AGENCY_ITSELF, Authority, CertificateRecord, RemoteKey, RemoteTerms
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import SubjectInvalid
from lienthong.signing.storage import remote_keys as rows
from lienthong.signing.storage.certificates import add_certificates, certificate
from lienthong.signing.usecases.init_ca import OPERATOR
from lienthong.signing.usecases.issue_certificate import certify
from lienthong.signing.usecases.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKeyMade:
    """A remote key. ``created`` False: it was there already."""

    key: RemoteKey
    record: CertificateRecord
    created: bool


async def create_remote_key(
    resources: Resources, subject: Subject, terms: RemoteTerms, *, caller: Principal | None
) -> RemoteKeyMade:
    """The usable remote key of an agency or its officer; made if there is none. ``terms`` hold from now on.

    1. A usable key that is there is kept; only its terms may change.
    2. Making one takes a second person, unless the operator does it on the machine that holds the keys.
    3. A key is made with its certificate and written. A power cut here leaves a key file that nothing names.
    4. One transaction: the certificate, and the key in use, unless another request was quicker; then its key counts
       and ours is removed.

    ``caller`` None is the operator at the command line.

    Raises:
        ProfileNotAllowed: The caller may not have such a key.
        ApprovalRequired: Step 2.
        EnrolmentInvalid: The terms do not fit; see :func:`~lienthong.signing.domain.enrolment.require_terms`.
        SubjectInvalid: The name or code cannot be in a certificate.
        NotInitialised: There is no authority yet.
    """
    profile = profile_of(terms)
    require_terms(profile, terms)
    if caller is not None:
        require_may_issue(caller, profile, subject)
    present, record = await find_remote_key(resources, _agency(subject), terms.officer)
    if present is not None and record is not None and record.is_usable(resources.clock()):  # 1
        return await _with_terms(resources, present, record, terms)
    if caller is not None:
        require_one_person_enough(caller, profile, now=resources.clock())  # 2
    issuer = await resources.issuing_authority()
    issued_by = caller.client_id if caller else OPERATOR
    key, made = await asyncio.to_thread(make_remote_key, resources, issuer, (subject, terms), issued_by=issued_by)  # 3
    if await _store(resources, key, made, instead_of=present):  # 4
        return RemoteKeyMade(key=key, record=made, created=True)
    await asyncio.to_thread(resources.keys.remove, key.key_name)
    return await create_remote_key(resources, subject, terms, caller=caller)


async def find_remote_key(
    resources: Resources, agency: AgencyCode, officer: str = AGENCY_ITSELF
) -> tuple[RemoteKey, CertificateRecord] | tuple[None, None]:
    """The key and its certificate, usable or not."""
    async with resources.database.read() as connection:
        key = await rows.remote_key(connection, agency, officer)
        record = await certificate(connection, key.serial) if key else None
    return (key, record) if key is not None and record is not None else (None, None)


def profile_of(terms: RemoteTerms) -> Profile:
    """What the certificate of a key on these terms is."""
    return Profile.OFFICER if terms.officer else Profile.AGENCY_SEAL


def make_remote_key(
    resources: Resources, issuer: Authority, what: tuple[Subject, RemoteTerms], *, issued_by: str
) -> tuple[RemoteKey, CertificateRecord]:
    """A new key in the store, and its certificate that nobody remembers yet."""
    subject, terms = what
    agency = _agency(subject)
    handle = resources.keys.generate()
    record = certify(resources, issuer, (profile_of(terms), subject), key=handle.public_key, issued_by=issued_by)
    key = RemoteKey(agency=agency, serial=record.serial, terms=terms, created_at=record.issued_at)
    resources.keys.add(key.key_name, handle, (record.certificate, issuer.certificate))
    return key, record


class _Overtaken(Exception):
    """Another request made the key first."""


async def _store(
    resources: Resources, key: RemoteKey, record: CertificateRecord, *, instead_of: RemoteKey | None
) -> bool:
    try:
        async with resources.database.begin() as connection:
            await add_certificates(connection, [record])
            if instead_of is None:
                stored = await rows.add_remote_key(connection, key)
            else:
                stored = await rows.replace_remote_key(connection, key, before=instead_of)
            if not stored:
                raise _Overtaken
    except _Overtaken:
        return False
    return True


async def _with_terms(
    resources: Resources, key: RemoteKey, record: CertificateRecord, terms: RemoteTerms
) -> RemoteKeyMade:
    if key.terms != terms:
        async with resources.database.begin() as connection:
            key = await rows.set_terms(connection, key, terms)
    return RemoteKeyMade(key=key, record=record, created=False)


def _agency(subject: Subject) -> AgencyCode:
    if not subject.agency:
        raise SubjectInvalid("Name the agency.")
    return subject.agency
