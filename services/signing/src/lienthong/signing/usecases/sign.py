"""Sign bytes that the caller prepared with an agency's remote key."""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import partial

from cryptography import x509

from lienthong.shared.clients.signing import RemoteKeyMissing
from lienthong.shared.identifiers import AgencyCode, Sha256
from lienthong.shared.signatures.keys import SignatureAlgorithm
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.permissions import require_may_sign
from lienthong.signing.domain.records import AGENCY_ITSELF
from lienthong.signing.domain.signature_log import SignatureOrder
from lienthong.signing.errors import SignatureRequestInvalid
from lienthong.signing.keys.stored import StoredKey
from lienthong.signing.usecases.create_remote_key import find_remote_key
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.signature_log import Result, Signing, sign_logged

MAX_RAW_BYTES = 64 * 1024
"""Bytes that are signed as they are: a SignedInfo or signed attributes, not a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSignature:
    """``value`` is DER for ECDSA; ``certificates`` are leaf first, the root left out."""

    value: bytes
    algorithm: SignatureAlgorithm
    certificates: tuple[x509.Certificate, ...]


async def sign_raw(
    resources: Resources, agency: AgencyCode, data: bytes, *, officer: str = AGENCY_ITSELF, caller: Principal
) -> RawSignature:
    """A signature over ``data``, which is hashed here.

    Raises:
        SignatureRequestInvalid: Nothing, or more than 64 KiB.
        SigningNotAllowed: The caller may not sign for the agency.
        RemoteKeyMissing: There is no usable key here.
        TooManySignatures: The key or the caller is over its limit.
    """
    if not 0 < len(data) <= MAX_RAW_BYTES:
        raise SignatureRequestInvalid(f"'data' holds 1 to {MAX_RAW_BYTES} bytes; hash what is longer by yourself.")
    digest = Sha256(hashlib.sha256(data).hexdigest())
    order = SignatureOrder(agency=agency, officer=officer, format="raw", digest=digest)

    async def sign(key: StoredKey) -> RawSignature:
        value = await asyncio.to_thread(key.sign, data)
        return RawSignature(value=value, algorithm=key.algorithm, certificates=key.certificate_chain)

    return await sign_remotely(resources, order, sign, caller=caller)


async def sign_remotely(
    resources: Resources, order: SignatureOrder, work: Signing[Result], *, caller: Principal
) -> Result:
    """What ``work`` makes with the key that ``order`` names, for a caller that may, within the limits, and logged.

    Raises:
        SigningNotAllowed, RemoteKeyMissing: See :func:`usable_key`.
        TooManySignatures: The key or the caller is over its limit.
        LienthongError: Whatever ``work`` raises.
    """
    open_key = partial(usable_key, resources, order.agency, order.officer, caller=caller)
    return await sign_logged(resources, order, caller=caller, open_key=open_key, work=work)


async def usable_key(resources: Resources, agency: AgencyCode, officer: str, *, caller: Principal) -> StoredKey:
    """The key of the agency or its officer, for this caller.

    Raises:
        SigningNotAllowed: The caller may not sign for the agency.
        RemoteKeyMissing: The agency has no usable key here.
    """
    remote, record = await find_remote_key(resources, agency, officer)
    require_may_sign(caller, agency, remote)
    if remote is None or record is None or not record.is_usable(resources.clock()):
        raise RemoteKeyMissing(
            f"The agency {agency} has no usable signing key here. Create one, or sign on your side.",
            facts={"agency": agency},
        )
    handle, chain = await asyncio.to_thread(resources.keys.load, remote.key_name)
    return StoredKey(handle=handle, certificate_chain=chain)
