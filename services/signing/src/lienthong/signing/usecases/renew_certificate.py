"""Renew a certificate for whoever holds its key."""

import asyncio
from dataclasses import replace

from lienthong.shared.signatures.profiles import SubjectKey
from lienthong.signing.domain.issuance import draft_renewal, record_of
from lienthong.signing.domain.records import Authority, CertificateRecord, Serial
from lienthong.signing.domain.renewal import is_key_of, renewed_key
from lienthong.signing.errors import AlreadyRenewed, CertificateUnknown
from lienthong.signing.keys.handles import new_serial
from lienthong.signing.storage.certificates import add_certificates, certificate, renewal_of
from lienthong.signing.storage.remote_keys import is_remote
from lienthong.signing.usecases.resources import Resources

HOLDER = "holder"
"""Who asked, when it was the holder of the certificate before."""


async def renew_certificate(resources: Resources, serial: Serial, proof: str) -> tuple[CertificateRecord, bool]:
    """The next certificate of the same subject and profile, and whether it is new: the same request gives the same.

    1. The row of the old certificate is locked; :func:`~lienthong.signing.domain.renewal.renewed_key` decides.
    2. A certificate is renewed once. Who asks again with the same key gets what came of it.
    3. The next one is made and remembered.

    ``proof`` is a compact JWS, unverified.

    Raises:
        CertificateUnknown: No certificate has that serial number.
        RenewalProofInvalid, RenewalNotPossible, KeyNotAllowed: See the domain.
        CSRInvalid, ProofOfPossessionInvalid: The request in it is not good.
        AlreadyRenewed: Step 2, for another key.
        KeyOffline: The authority's key is not on this machine.
    """
    issuer = await resources.issuing_authority()
    async with resources.database.begin() as connection:
        old = await certificate(connection, serial, for_update=True)  # 1
        if old is None:
            raise CertificateUnknown("No certificate has that serial number.")
        kept_here = await is_remote(connection, serial) or await asyncio.to_thread(
            resources.keys.has, f"remote/{serial}"
        )
        key = await asyncio.to_thread(renewed_key, proof, old, kept_here=kept_here, now=resources.clock())
        before = await renewal_of(connection, serial)  # 2
        if before is not None:
            if is_key_of(key, before):
                return before, False
            raise AlreadyRenewed("It was renewed for another key.", facts={"serial": before.serial})
        record = await asyncio.to_thread(_certify, resources, issuer, old, key=key)  # 3
        await add_certificates(connection, [record])
    return record, True


def _certify(resources: Resources, issuer: Authority, old: CertificateRecord, *, key: SubjectKey) -> CertificateRecord:
    now = resources.clock()
    draft = draft_renewal(
        issuer,
        old,
        key,
        serial=new_serial(),
        now=now,
        addresses=resources.addresses,
        policies=resources.settings.further_policies(old.profile),
    )
    handle, _chain = resources.keys.load(issuer.name)
    record = record_of(
        handle.sign_certificate(draft),
        old.profile,
        issuer=issuer.name,
        subject=None,
        issued_at=now,
        issued_by=HOLDER,
    )
    return replace(record, agency=old.agency, node=old.node, renews=old.serial)
