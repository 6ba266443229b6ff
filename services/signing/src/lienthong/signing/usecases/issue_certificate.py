"""Issue certificates: for a request that proves its key, or together with a new key in a PKCS#12 file."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lienthong.shared.signatures.profiles import SERVICE_PROFILES, Profile, SubjectKey
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import require_one_person_enough
from lienthong.signing.domain.issuance import Terms, draft_leaf, record_of
from lienthong.signing.domain.permissions import require_may_issue
from lienthong.signing.domain.records import Authority, CertificateRecord
from lienthong.signing.domain.requests import requested_key
from lienthong.signing.domain.subjects import Subject, subject_name, subject_uri
from lienthong.signing.errors import SubjectInvalid
from lienthong.signing.keys.handles import KeyHandle, new_serial
from lienthong.signing.keys.store import export_to
from lienthong.signing.storage.certificates import add_certificates
from lienthong.signing.usecases.init_ca import OPERATOR
from lienthong.signing.usecases.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """A key to be made with its certificate, and the PKCS#12 file (mode 0600) that they go to."""

    profile: Profile
    subject: Subject
    path: Path
    password: str = field(repr=False)


async def issue_certificate(
    resources: Resources, csr_pem: str, profile: Profile, *, subject: Subject, caller: Principal | None
) -> CertificateRecord:
    """A certificate for the key of a request; nothing else is taken from the request.

    ``caller`` None is the operator at the command line.

    Raises:
        ProfileNotAllowed: The caller may not have it.
        ApprovalRequired: It takes a second person.
        SubjectInvalid: The subject does not fit the profile.
        CSRInvalid, KeyNotAllowed, ProofOfPossessionInvalid: The request is not good; see ``domain.requests``.
    """
    if caller is not None:
        require_may_issue(caller, profile, subject)
        require_one_person_enough(caller, profile, now=resources.clock())
    _require_end_entity(profile)
    issuer = await resources.issuing_authority()
    key = await asyncio.to_thread(requested_key, csr_pem, profile)
    client = caller.client_id if caller else OPERATOR
    record = await asyncio.to_thread(certify, resources, issuer, (profile, subject), key=key, issued_by=client)
    async with resources.database.begin() as connection:
        await add_certificates(connection, [record])
    return record


async def issue_keys(resources: Resources, orders: Sequence[KeyOrder]) -> list[CertificateRecord]:
    """New keys with their certificates, in files: many in one go and one transaction.

    1. Keys and certificates are made, in memory.
    2. One transaction remembers the certificates, so that none exists which cannot be revoked.
    3. The files are written. A power cut here leaves remembered certificates whose keys never existed.

    Raises:
        SubjectInvalid: A subject does not fit its profile; nothing was issued.
        KeyStoreUnavailable: A file cannot be written.
    """
    for order in orders:
        _require_end_entity(order.profile)
        subject_name(order.profile, order.subject)
        subject_uri(order.profile, order.subject)
    issuer = await resources.issuing_authority()
    made = await asyncio.to_thread(_make_all, resources, issuer, orders)
    records = [record for _handle, record in made]
    async with resources.database.begin() as connection:
        await add_certificates(connection, records)
    await asyncio.to_thread(_export_all, issuer, orders, made)
    return records


def certify(
    resources: Resources,
    issuer: Authority,
    what: tuple[Profile, Subject],
    *,
    key: SubjectKey,
    issued_by: str,
    validity: timedelta | None = None,
) -> CertificateRecord:
    """A signed certificate that nobody remembers yet. ``validity`` None: the profile's."""
    profile, subject = what
    now = resources.clock()
    draft = draft_leaf(
        issuer,
        profile,
        key,
        subject=subject,
        serial=new_serial(),
        now=now,
        addresses=resources.addresses,
        terms=Terms(policies=resources.settings.further_policies(profile), validity=validity),
    )
    handle, _chain = resources.keys.load(issuer.name)
    return record_of(
        handle.sign_certificate(draft),
        profile,
        issuer=issuer.name,
        subject=subject,
        issued_at=now,
        issued_by=issued_by,
    )


def _make_all(
    resources: Resources, issuer: Authority, orders: Sequence[KeyOrder]
) -> list[tuple[KeyHandle, CertificateRecord]]:
    made = []
    for order in orders:
        handle = KeyHandle.generate()
        what = (order.profile, order.subject)
        made.append((handle, certify(resources, issuer, what, key=handle.public_key, issued_by=OPERATOR)))
    return made


def _export_all(
    issuer: Authority, orders: Sequence[KeyOrder], made: Sequence[tuple[KeyHandle, CertificateRecord]]
) -> None:
    for order, (handle, record) in zip(orders, made, strict=True):
        export_to(order.path, handle, (record.certificate, issuer.certificate), password=order.password)


def _require_end_entity(profile: Profile) -> None:
    if profile.rules.is_ca:
        raise SubjectInvalid("Certificates of authorities are made by 'init' and 'renew-issuing' only.")
    if profile in SERVICE_PROFILES:
        raise SubjectInvalid("The signing service makes its own certificates by itself.")
