"""What runs beside the requests: the next revocation lists are published before the last ones lapse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from lienthong.shared.errors import LienthongError
from lienthong.signing.usecases.publish_crl import publish_due_crls
from lienthong.signing.usecases.resources import Resources

log = structlog.get_logger(__name__)


@asynccontextmanager
async def publishing_crls(resources: Resources) -> AsyncIterator[None]:
    """Publishes what is due for as long as the block runs; a publication under way is brought to its end."""
    stop = asyncio.Event()
    task = asyncio.create_task(_publish_until(stop, resources), name="publish-crls")
    try:
        yield
    finally:
        stop.set()
        await task


async def _publish_until(stop: asyncio.Event, resources: Resources) -> None:
    while not stop.is_set():
        await _publish(resources)
        with suppress(TimeoutError):
            async with asyncio.timeout(resources.settings.crl_check_interval.total_seconds()):
                await stop.wait()


async def _publish(resources: Resources) -> None:
    """A failure is logged and tried again at the next look: a list is due long before the last one lapses."""
    try:
        for crl in await publish_due_crls(resources):
            log.info("revocation list published", issuer=crl.issuer, number=crl.number)
    except LienthongError as error:
        log.warning("revocation lists not published", code=error.code, exc_info=error)
    except Exception as error:
        log.exception("revocation lists not published", exc_info=error)
