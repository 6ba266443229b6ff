"""External authorities on the trust list: added, shown, removed. The next list that is asked for says so."""

from collections.abc import Sequence

from lienthong.shared.contracts.trust import TrustedAuthority
from lienthong.signing.domain.trusted import Constraints, trusted_authority
from lienthong.signing.errors import TrustedAuthorityUnknown
from lienthong.signing.storage import trust
from lienthong.signing.usecases.resources import Resources


async def add_authority(
    resources: Resources, certificate: bytes, constraints: Constraints, *, crls: Sequence[bytes] = ()
) -> tuple[str, TrustedAuthority]:
    """The entry and its fingerprint; one that was there is replaced. Raises :class:`TrustedAuthorityInvalid`."""
    now = resources.clock()
    fingerprint, entry = trusted_authority(certificate, constraints, crls=crls, now=now)
    async with resources.database.begin() as connection:
        await trust.put_trusted(connection, fingerprint, entry, now=now)
    return fingerprint, entry


async def trusted_authorities(resources: Resources) -> dict[str, TrustedAuthority]:
    """What there is, by fingerprint."""
    async with resources.database.read() as connection:
        return await trust.all_trusted(connection)


async def remove_authority(resources: Resources, fingerprint: str) -> None:
    """Takes one off. Raises :class:`TrustedAuthorityUnknown`."""
    async with resources.database.begin() as connection:
        removed = await trust.remove_trusted(connection, fingerprint.lower().replace(":", ""))
    if not removed:
        raise TrustedAuthorityUnknown("No authority on the trust list has that fingerprint; see 'trust list'.")
