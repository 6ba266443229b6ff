"""Publish the next revocation list of an authority: after a revocation, and before the last one lapses."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.signing.domain.records import ROOT, Authority, AuthorityName, PublishedCRL, Revocation, Serial
from lienthong.signing.domain.revocation import draft_crl, is_due
from lienthong.signing.errors import AuthorityUnknown, KeyOffline
from lienthong.signing.storage import authorities as rows
from lienthong.signing.storage.certificates import revoked_under
from lienthong.signing.usecases.resources import Resources

RENEWAL_PART = 4
"""The root's list is renewed in the last quarter of its life, if the root key is online then."""


async def publish_crl(resources: Resources, name: AuthorityName) -> PublishedCRL:
    """The next list of the authority, in a transaction of its own.

    Raises:
        AuthorityUnknown: No authority has that name.
        KeyOffline: Its key is not on this machine.
    """
    async with resources.database.begin() as connection:
        authority = await rows.authority(connection, name)
        if authority is None:
            raise AuthorityUnknown("There is no certificate authority with that name.")
        return await add_next_crl(connection, resources, authority)


async def publish_due_crls(resources: Resources) -> list[PublishedCRL]:
    """Publishes what is due. A list whose key is offline waits until the key comes back."""
    published = []
    async with resources.database.read() as connection:
        known = await rows.all_authorities(connection)
    for authority in known:
        if not await _is_due(resources, authority):
            continue
        try:
            published.append(await _publish_if_still_due(resources, authority))
        except KeyOffline:
            continue
    return [crl for crl in published if crl is not None]


async def add_next_crl(connection: AsyncConnection, resources: Resources, authority: Authority) -> PublishedCRL:
    """The next list, on the caller's transaction: what the transaction has revoked is on it.

    1. The authority's row is locked: numbers are given one after the other.
    2. Everything revoked, the last number and time are read.
    3. The list is signed and kept. If the process dies before the commit, neither list nor revocation happened.

    Raises:
        KeyOffline: The authority's key is not on this machine.
    """
    await rows.lock_authority(connection, authority.name)
    revoked = await revoked_under(connection, authority.name)
    latest = await rows.latest_crl(connection, authority.name)
    now = resources.clock().replace(microsecond=0)
    this_update = max(now, latest.this_update) if latest else now
    crl = await asyncio.to_thread(
        sign_crl,
        resources,
        authority,
        revoked=revoked,
        number=latest.number + 1 if latest else 1,
        this_update=this_update,
    )
    await rows.add_crl(connection, crl)
    return crl


def sign_crl(
    resources: Resources,
    authority: Authority,
    *,
    revoked: Sequence[tuple[Serial, Revocation]],
    number: int,
    this_update: datetime,
) -> PublishedCRL:
    """A signed list that nobody keeps yet. Raises :class:`KeyOffline`."""
    handle, _chain = resources.keys.load(authority.name)
    lifetime = _lifetime(resources, authority)
    draft = draft_crl(authority.certificate, revoked, number=number, this_update=this_update, lifetime=lifetime)
    return PublishedCRL(
        issuer=authority.name,
        number=number,
        der=handle.sign_crl(draft).public_bytes(Encoding.DER),
        this_update=this_update,
        next_update=this_update + lifetime,
    )


async def _publish_if_still_due(resources: Resources, authority: Authority) -> PublishedCRL | None:
    """Another process may have been quicker: the question is asked again under the lock."""
    async with resources.database.begin() as connection:
        await rows.lock_authority(connection, authority.name)
        latest = await rows.latest_crl(connection, authority.name)
        if not is_due(latest, interval=_interval(resources, authority), now=resources.clock()):
            return None
        return await add_next_crl(connection, resources, authority)


async def _is_due(resources: Resources, authority: Authority) -> bool:
    async with resources.database.read() as connection:
        latest = await rows.latest_crl(connection, authority.name)
    return is_due(latest, interval=_interval(resources, authority), now=resources.clock())


def _lifetime(resources: Resources, authority: Authority) -> timedelta:
    settings = resources.settings
    return settings.root_crl_lifetime if authority.name == ROOT else settings.crl_lifetime


def _interval(resources: Resources, authority: Authority) -> timedelta:
    settings = resources.settings
    if authority.name == ROOT:
        return settings.root_crl_lifetime * (RENEWAL_PART - 1) / RENEWAL_PART
    return settings.crl_interval
