"""What runs beside the requests: revocation lists and the service's own keys are renewed before they lapse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from lienthong.shared.errors import LienthongError
from lienthong.signing.usecases.publish_crl import publish_due_crls
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.service_keys import renew_service_keys

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewing(resources: Resources) -> AsyncIterator[None]:
    """Renews what is due for as long as the block runs; what is under way is brought to its end."""
    stop = asyncio.Event()
    task = asyncio.create_task(_renew_until(stop, resources), name="renew")
    try:
        yield
    finally:
        stop.set()
        await task


async def _renew_until(stop: asyncio.Event, resources: Resources) -> None:
    while not stop.is_set():
        await _renew(resources)
        with suppress(TimeoutError):
            async with asyncio.timeout(resources.settings.crl_check_interval.total_seconds()):
                await stop.wait()


async def _renew(resources: Resources) -> None:
    """A failure is logged and tried again at the next look: everything is due long before it lapses."""
    try:
        for crl in await publish_due_crls(resources):
            log.info("revocation list published", issuer=crl.issuer, number=crl.number)
        for record in await renew_service_keys(resources):
            log.info("service key renewed", profile=record.profile, issuer=record.issuer, serial=record.serial)
    except LienthongError as error:
        log.warning("not renewed", code=error.code, exc_info=error)
    except Exception as error:
        log.exception("not renewed", exc_info=error)
