"""Make an agency's remote key: the key stays here, and signs for the agency and for the node that serves it."""

import asyncio
from dataclasses import dataclass

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import require_may_issue
from lienthong.signing.domain.records import Authority, CertificateRecord, RemoteKey
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import SubjectInvalid
from lienthong.signing.storage import certificates as rows
from lienthong.signing.usecases.init_ca import OPERATOR
from lienthong.signing.usecases.issue_certificate import certify
from lienthong.signing.usecases.resources import Resources

PROFILE = Profile.AGENCY_SEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKeyMade:
    """The agency's remote key. ``created`` False: it was there already."""

    key: RemoteKey
    record: CertificateRecord
    created: bool


async def create_remote_key(
    resources: Resources, agency: AgencyCode, *, name: str, node: NodeId | None, caller: Principal | None
) -> RemoteKeyMade:
    """The agency's usable remote key; made if there is none. ``node`` is who may ask for its signatures from now on.

    1. A usable key that is there is kept; only its node may change.
    2. A key is made with its certificate and written. A power cut here leaves a key file that nothing names.
    3. One transaction: the certificate, and the agency's key, unless another request was quicker; then its key counts
       and ours is removed.

    ``caller`` None is the operator at the command line.

    Raises:
        ProfileNotAllowed: The caller may not have a seal of that agency.
        SubjectInvalid: The agency's name or code cannot be in a certificate.
        NotInitialised: There is no authority yet.
    """
    subject = Subject(name=name, organisation=name, agency=agency)
    if caller is not None:
        require_may_issue(caller, PROFILE, subject)
    present, record = await find_remote_key(resources, agency)
    if present is not None and record is not None and record.is_usable(resources.clock()):
        return await _with_node(resources, present, record, node)
    issuer = await resources.issuing_authority()
    issued_by = caller.client_id if caller else OPERATOR
    made = await asyncio.to_thread(_make, resources, issuer, subject, issued_by=issued_by)
    key = RemoteKey(agency=agency, serial=made.serial, node=node, created_at=made.issued_at)
    if await _store(resources, key, made, instead_of=present):
        return RemoteKeyMade(key=key, record=made, created=True)
    await asyncio.to_thread(resources.keys.remove, key.key_name)
    return await create_remote_key(resources, agency, name=name, node=node, caller=caller)


async def find_remote_key(
    resources: Resources, agency: AgencyCode
) -> tuple[RemoteKey, CertificateRecord] | tuple[None, None]:
    """The agency's key and certificate, usable or not."""
    async with resources.database.read() as connection:
        key = await rows.remote_key(connection, agency)
        record = await rows.certificate(connection, key.serial) if key else None
    return (key, record) if key is not None and record is not None else (None, None)


class _Overtaken(Exception):
    """Another request made the agency's key first."""


async def _store(
    resources: Resources, key: RemoteKey, record: CertificateRecord, *, instead_of: RemoteKey | None
) -> bool:
    try:
        async with resources.database.begin() as connection:
            await rows.add_certificates(connection, [record])
            before = instead_of.serial if instead_of else None
            if not await rows.put_remote_key(connection, key, instead_of=before):
                raise _Overtaken
    except _Overtaken:
        return False
    return True


async def _with_node(
    resources: Resources, key: RemoteKey, record: CertificateRecord, node: NodeId | None
) -> RemoteKeyMade:
    if key.node != node:
        async with resources.database.begin() as connection:
            await rows.set_remote_key_node(connection, key.agency, node)
        key = RemoteKey(agency=key.agency, serial=key.serial, node=node, created_at=key.created_at)
    return RemoteKeyMade(key=key, record=record, created=False)


def _make(resources: Resources, issuer: Authority, subject: Subject, *, issued_by: str) -> CertificateRecord:
    if not subject.agency:
        raise SubjectInvalid("Name the agency.")
    handle = resources.keys.generate()
    record = certify(resources, issuer, (PROFILE, subject), key=handle.public_key, issued_by=issued_by)
    name = f"remote/{record.serial}"
    resources.keys.add(name, handle, (record.certificate, issuer.certificate))
    return record
