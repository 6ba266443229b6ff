"""The trust list: what nodes need to check certificates by themselves."""

from base64 import b64encode
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.trust import TrustList
from lienthong.signing.domain.records import ROOT, AuthorityName, PublishedCRL
from lienthong.signing.errors import AuthorityUnknown, NotInitialised
from lienthong.signing.storage import authorities as rows
from lienthong.signing.usecases.resources import Resources


async def current_trust_list(resources: Resources) -> TrustList:
    """Root, issuing authorities and the newest list of each. It lapses with the first of the lists.

    Raises:
        NotInitialised: There is no authority yet.
    """
    async with resources.database.read() as connection:
        known = await rows.all_authorities(connection)
        latest = [await rows.latest_crl(connection, one.name) for one in known]
    lists = [crl for crl in latest if crl is not None]
    if not lists:
        raise NotInitialised("The operator must run 'lienthong-signing init' first.")
    pems = [(one.name, one.certificate.public_bytes(Encoding.PEM).decode()) for one in known]
    return TrustList(
        version=1,
        issued_at=max(crl.this_update for crl in lists),
        expires_at=min(crl.next_update for crl in lists),
        roots=tuple(pem for name, pem in pems if name == ROOT),
        intermediates=tuple(pem for name, pem in pems if name != ROOT),
        crls=tuple(b64encode(crl.der).decode() for crl in lists),
    )


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
