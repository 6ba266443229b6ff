"""The service's own keys: OCSP responders, time stamps, the trust list. Nobody asks for them; they renew themselves."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.records import ROOT, Authority, CertificateRecord
from lienthong.signing.domain.service_keys import is_renewal_due, may_sign, service_subject
from lienthong.signing.errors import KeyOffline
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.storage import authorities, certificates
from lienthong.signing.usecases.issue_certificate import certify
from lienthong.signing.usecases.resources import Resources

ISSUED_BY = "service"
"""Who asked, when it was the service itself."""
REMEMBERED = 8
"""How many of the last certificates of a profile are looked at."""

Wanted = tuple[Profile, Authority]
"""A profile of the service, and who issues its certificate."""


async def service_key(resources: Resources, profile: Profile, issuer: Authority | None = None) -> StoredKey:
    """The key that signs for ``profile`` now; made if there is none, so that a lapsed one stops nothing.

    Args:
        resources: The process-wide things.
        profile: One of the service's own.
        issuer: The authority that an OCSP responder answers for; None: whoever issues now.

    Raises:
        NotInitialised: There is no authority yet.
        KeyOffline: One must be made, and the authority's key is not on this machine.
    """
    by = issuer or await resources.issuing_authority()
    async with resources.database.read() as connection:
        found = await _newest(connection, (profile, by))
    now = resources.clock()
    record = next((one for one in found if may_sign(one, now)), None) or await _renew(
        resources, (profile, by), may_sign
    )
    handle, chain = await asyncio.to_thread(resources.keys.load, key_name(record))
    return StoredKey(handle=handle, certificate_chain=chain)


async def renew_service_keys(resources: Resources) -> list[CertificateRecord]:
    """Makes every key that is missing or due. One whose authority is offline waits until that comes back."""
    made = []
    for wanted in await _all_wanted(resources):
        async with resources.database.read() as connection:
            found = await _newest(connection, wanted)
        if found and not is_renewal_due(found[0], resources.clock()):
            continue
        try:
            made.append(await _renew(resources, wanted, lambda one, now: not is_renewal_due(one, now)))
        except KeyOffline:
            continue
    return made


def key_name(record: CertificateRecord) -> str:
    """The name of a service key in the key store."""
    return f"service/{record.serial}"


async def _all_wanted(resources: Resources) -> list[Wanted]:
    async with resources.database.read() as connection:
        known = await authorities.all_authorities(connection)
    if not known:
        return []
    responders: list[Wanted] = [(Profile.OCSP_RESPONDER, one) for one in known]
    return [*responders, (Profile.TIME_STAMPING, known[-1]), (Profile.TRUST_LIST, known[-1])]


async def _newest(connection: AsyncConnection, wanted: Wanted) -> list[CertificateRecord]:
    profile, issuer = wanted
    of = issuer.name if profile is Profile.OCSP_RESPONDER else None
    return await certificates.newest_of_profile(connection, profile, issuer=of, limit=REMEMBERED)


async def _renew(resources: Resources, wanted: Wanted, good: Callable[..., bool]) -> CertificateRecord:
    """A new key and certificate, unless another process was quicker and its newest one is ``good``.

    1. The authority's row is locked, and the question asked again.
    2. The key is made and written. A power cut here leaves a key file that nothing names.
    3. The certificate is remembered: from now on the key signs.
    4. Keys that sign no more are destroyed.
    """
    profile, issuer = wanted
    async with resources.database.begin() as connection:
        await authorities.lock_authority(connection, issuer.name)  # 1
        found = await _newest(connection, wanted)
        now = resources.clock()
        if found and good(found[0], now):
            return found[0]
        record = await asyncio.to_thread(_make, resources, profile, issuer)  # 2
        await certificates.add_certificates(connection, [record])  # 3
    for old in found:
        if not may_sign(old, now):
            await asyncio.to_thread(resources.keys.remove, key_name(old))  # 4
    return record


def _make(resources: Resources, profile: Profile, issuer: Authority) -> CertificateRecord:
    handle = resources.keys.generate()
    subject = service_subject(profile, issuer, resources.settings.organisation)
    record = certify(
        resources,
        issuer,
        (profile, subject),
        key=handle.public_key,
        issued_by=ISSUED_BY,
        validity=_validity(resources, profile, issuer),
    )
    resources.keys.add(key_name(record), handle, (record.certificate, issuer.certificate))
    return record


def _validity(resources: Resources, profile: Profile, issuer: Authority) -> timedelta | None:
    """The root's responder lives as long as the root's list: its key comes online as rarely."""
    return resources.settings.root_crl_lifetime if (profile, issuer.name) == (Profile.OCSP_RESPONDER, ROOT) else None
