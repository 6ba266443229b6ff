"""Tell the status of certificates over OCSP."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from lienthong.shared.errors import Unavailable
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.ocsp import (
    Refusal,
    RequestRefused,
    StatusRequest,
    Times,
    answered,
    authority_for,
    read_request,
    refused,
)
from lienthong.signing.storage.authorities import all_authorities
from lienthong.signing.storage.certificates import certificates_of
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.service_keys import service_key

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer:
    """``der`` is an OCSPResponse; ``times`` None: a refusal."""

    der: bytes
    times: Times | None = None


async def certificate_status(resources: Resources, request_der: bytes) -> StatusAnswer:
    """The answer to a request, good, revoked or unknown for each certificate, or a refusal that says why.

    1. The request is read. Its authority is found, and what is known of the certificates: revocations count from the
       commit of their transaction on.
    2. The authority's responder signs. The root's responder has a key of its own, made ahead: the root stays offline.

    Something of ours that is away makes it ``tryLater``.
    """
    try:
        request = read_request(request_der)
        return await _answer(resources, request)
    except RequestRefused as error:
        return StatusAnswer(der=refused(error.refusal))
    except Unavailable as error:
        log.warning("certificate status not told", code=error.code)
        return StatusAnswer(der=refused(Refusal.TRY_LATER))


async def _answer(resources: Resources, request: StatusRequest) -> StatusAnswer:
    async with resources.database.read() as connection:
        known = await all_authorities(connection)
        authority = authority_for(request, known)
        serials = [one.serial_text for one in request.certificates]
        found = await certificates_of(connection, authority.name, serials)
    key = await service_key(resources, Profile.OCSP_RESPONDER, authority)
    times = _times(resources, resources.clock())
    der = await asyncio.to_thread(answered, request, found, key, authority=authority, times=times)
    return StatusAnswer(der=der, times=times)


def _times(resources: Resources, now: datetime) -> Times:
    start = now.replace(microsecond=0)
    return Times(this_update=start, next_update=start + resources.settings.ocsp_lifetime)
