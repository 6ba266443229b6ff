"""Approve or reject an enrolment: the decision and the certificate are one transaction."""

import asyncio
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import Enrolment, EnrolmentId, EnrolmentKind, decide, may_see
from lienthong.signing.domain.records import Authority, CertificateRecord
from lienthong.signing.domain.requests import requested_key
from lienthong.signing.domain.subjects import plain_text
from lienthong.signing.errors import EnrolmentUnknown
from lienthong.signing.storage import enrolments as rows
from lienthong.signing.storage.certificates import add_certificates
from lienthong.signing.storage.remote_keys import put_remote_key
from lienthong.signing.usecases.create_remote_key import make_remote_key
from lienthong.signing.usecases.issue_certificate import certify
from lienthong.signing.usecases.resources import Resources


async def decide_enrolment(
    resources: Resources, enrolment_id: EnrolmentId, *, approved: bool, reason: str, decider: Principal
) -> Enrolment:
    """The decided enrolment. The same decision again changes nothing and gives the same answer.

    1. The row is locked; the decision is made by :func:`~lienthong.signing.domain.enrolment.decide`.
    2. Approved: the certificate is made, and the key where it is one that stays here. A power cut here leaves a key
       file that nothing names.
    3. Certificate, key in use and decision are committed together. A batch is issued on the machine with the keys.

    Raises:
        EnrolmentUnknown: There is none, or it is not the decider's to see.
        ApprovalNotAllowed, EnrolmentDecided, EnrolmentExpired: See the domain.
        SubjectInvalid: The reason is not plain text.
        KeyOffline: The authority's key is not on this machine.
    """
    text = plain_text(reason, "reason")
    issuer = await resources.issuing_authority()
    async with resources.database.begin() as connection:
        enrolment = await rows.enrolment(connection, enrolment_id, for_update=True)  # 1
        if enrolment is None or not may_see(decider, enrolment):
            raise EnrolmentUnknown("There is no such enrolment.")
        decision = decide(enrolment, decider, approved=approved, reason=text, now=resources.clock())
        if decision is None:
            return enrolment
        decided = replace(enrolment, decision=decision)
        if approved and enrolment.kind is not EnrolmentKind.BATCH:
            record = await _issue(connection, resources, decided, issuer=issuer)  # 2
            decided = replace(decided, serial=record.serial)
        await rows.set_decided(connection, decided)  # 3
    return decided


async def _issue(
    connection: AsyncConnection, resources: Resources, enrolment: Enrolment, *, issuer: Authority
) -> CertificateRecord:
    if enrolment.kind is EnrolmentKind.REMOTE_KEY:
        what = (enrolment.subject, enrolment.remote)
        key, record = await asyncio.to_thread(
            make_remote_key, resources, issuer, what, issued_by=enrolment.requested_by
        )
        await add_certificates(connection, [record])
        await put_remote_key(connection, key)
        return record
    record = await asyncio.to_thread(_certify, resources, enrolment, issuer)
    await add_certificates(connection, [record])
    return record


def _certify(resources: Resources, enrolment: Enrolment, issuer: Authority) -> CertificateRecord:
    if enrolment.profile is None:
        raise EnrolmentUnknown("There is no such enrolment.")
    key = requested_key(enrolment.csr, enrolment.profile)
    what = (enrolment.profile, enrolment.subject)
    return certify(resources, issuer, what, key=key, issued_by=enrolment.requested_by)
