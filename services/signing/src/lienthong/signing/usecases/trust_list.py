"""The trust list: what nodes need to check certificates by themselves, sealed, and numbered anew with every change."""

import asyncio
import hashlib
from base64 import b64encode
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.contracts.trust import TRUST_LIST_TYPE, TrustList
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import seal_with
from lienthong.shared.signatures.trust import TrustStore
from lienthong.signing.domain.records import ROOT, AuthorityName, PublishedCRL, PublishedTrustList
from lienthong.signing.errors import AuthorityUnknown, NotInitialised
from lienthong.signing.storage import authorities as rows
from lienthong.signing.storage.trust import add_trust_list, all_trusted, latest_trust_list
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.service_keys import service_key

_NOT_CONTENT = {"version", "issued_at"}


class _Content(NamedTuple):
    """A trust list whose number and time of issue are still open, and a digest of the rest and of who seals it."""

    trust_list: TrustList
    digest: str


async def published_trust_list(resources: Resources) -> PublishedTrustList:
    """The newest sealed list. If anything changed since, the next one is made first: nobody gets an outdated one.

    1. The list in force is compared with what there is now: authorities, their newest revocation lists, external
       authorities, the sealing key.
    2. If they differ, one transaction, under the root's lock, gives the next number, seals and keeps the list.

    Raises:
        NotInitialised: There is no authority yet.
        KeyOffline, KeyStoreUnavailable: The sealing key is not at hand.
    """
    key = await service_key(resources, Profile.TRUST_LIST)
    async with resources.database.read() as connection:
        latest = await latest_trust_list(connection)
        content = await _content(connection, key, resources.clock())
    if latest is not None and latest.content_digest == content.digest:
        return latest
    async with resources.database.begin() as connection:
        await rows.lock_authority(connection, ROOT)
        latest = await latest_trust_list(connection)
        content = await _content(connection, key, resources.clock())
        if latest is not None and latest.content_digest == content.digest:
            return latest
        published = await asyncio.to_thread(_sealed, content, key, after=latest)
        await add_trust_list(connection, published)
    return published


async def current_trust_list(resources: Resources) -> TrustList:
    """What the next sealed list would say, for checks in this process. Raises :class:`NotInitialised`."""
    async with resources.database.read() as connection:
        return await _composed(connection, resources.clock())


async def current_trust(resources: Resources) -> TrustStore:
    """What this process trusts: the configured roots, foreign ones included, and what the next sealed list would say.

    The same store while nothing changes, with the chains and revocation data that it remembers.

    Raises:
        NotInitialised: There is no authority yet, and so no trust.
    """
    trust_list = await current_trust_list(resources)
    roots = await asyncio.to_thread(resources.settings.root_path.read_bytes)
    content = trust_list.model_copy(update={"issued_at": trust_list.expires_at})  # it is composed anew each time
    return await asyncio.to_thread(_store, content, roots)


@lru_cache(maxsize=1)
def _store(content: TrustList, roots: bytes) -> TrustStore:
    return TrustStore.from_list(content, roots=roots)


async def current_crl(resources: Resources, name: AuthorityName) -> PublishedCRL:
    """The newest list of an authority. Raises :class:`AuthorityUnknown`."""
    async with resources.database.read() as connection:
        crl = await rows.latest_crl(connection, name)
    if crl is None:
        raise AuthorityUnknown("There is no certificate authority with that name.")
    return crl


async def authority_certificate(resources: Resources, name: AuthorityName) -> bytes:
    """The certificate of an authority, DER. Raises :class:`AuthorityUnknown`."""
    async with resources.database.read() as connection:
        authority = await rows.authority(connection, name)
    if authority is None:
        raise AuthorityUnknown("There is no certificate authority with that name.")
    return authority.certificate.public_bytes(Encoding.DER)


async def lists_are_fresh(resources: Resources, now: datetime) -> bool:
    """Whether there is an authority and no list has lapsed."""
    try:
        return (await current_trust_list(resources)).expires_at > now
    except NotInitialised:
        return False


async def _content(connection: AsyncConnection, key: SignatureKey, now: datetime) -> _Content:
    composed = await _composed(connection, now)
    said = composed.model_dump_json(exclude=_NOT_CONTENT).encode()
    sealer = key.certificate_chain[0].fingerprint(SHA256())
    return _Content(composed, hashlib.sha256(said + sealer).hexdigest())


async def _composed(connection: AsyncConnection, now: datetime) -> TrustList:
    """Root, issuing authorities, the newest list of each, external ones. It lapses with the first of the lists."""
    known = await rows.all_authorities(connection)
    latest = [await rows.latest_crl(connection, one.name) for one in known]
    lists = [crl for crl in latest if crl is not None]
    if not lists:
        raise NotInitialised("The operator must run 'lienthong-signing init' first.")
    pems = [(one.name, one.certificate.public_bytes(Encoding.PEM).decode()) for one in known]
    return TrustList(
        version=1,
        issued_at=now,
        expires_at=min(crl.next_update for crl in lists),
        roots=tuple(pem for name, pem in pems if name == ROOT),
        intermediates=tuple(pem for name, pem in pems if name != ROOT),
        crls=tuple(b64encode(crl.der).decode() for crl in lists),
        authorities=tuple((await all_trusted(connection)).values()),
    )


def _sealed(content: _Content, key: SignatureKey, *, after: PublishedTrustList | None) -> PublishedTrustList:
    """The number is the time in seconds, unless the last one was as high.

    So it grows even when a database of yesterday is restored, and nodes do not take the next list for a replayed one.
    """
    composed = content.trust_list
    version = max(after.version + 1 if after else 1, int(composed.issued_at.timestamp()))
    numbered = composed.model_copy(update={"version": version})
    return PublishedTrustList(
        version=version,
        content_digest=content.digest,
        issued_at=numbered.issued_at,
        expires_at=numbered.expires_at,
        jws=seal_with(key, TRUST_LIST_TYPE, numbered),
    )
