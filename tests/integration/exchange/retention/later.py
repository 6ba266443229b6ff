"""A node as it is after a while, and what its retention does then."""

import dataclasses
import os
from datetime import datetime, timedelta
from pathlib import Path

from lienthong.exchange.domain.retention import GRACE
from lienthong.exchange.factory import Factory
from lienthong.exchange.usecases.keep_packages import PREFIXES, mark_expired, mark_orphans, remove_marked

MOMENT = timedelta(seconds=1)


def at(factory: Factory, now: datetime) -> Factory:
    """The node with its clock set."""
    return dataclasses.replace(factory, clock=lambda: now)


def keeping(factory: Factory, *, own: timedelta = timedelta(0), relayed: timedelta = timedelta(0)) -> Factory:
    """The node with another policy; 0: for good."""
    changed = {"keep_packages": own, "keep_relayed_packages": relayed}
    return dataclasses.replace(factory, settings=factory.settings.model_copy(update=changed))


async def retained(factory: Factory, *, after: timedelta) -> int:
    """Marks what may go ``after`` from now, and a grace later removes it; how many went."""
    then = factory.clock() + after
    await mark_expired(at(factory, then))
    for prefix in PREFIXES:
        await mark_orphans(prefix, at(factory, then))
    return await remove_marked(at(factory, then + GRACE + MOMENT))


def blobs_of(factory: Factory) -> list[str]:
    """Digests of all packages in the store's folder."""
    folder = Path(factory.settings.blobs_url.removeprefix("file://"))
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def written_at(factory: Factory, sha256: str, when: datetime) -> None:
    """Sets the time at which a package was adopted."""
    folder = Path(factory.settings.blobs_url.removeprefix("file://"))
    os.utime(folder / sha256[:2] / sha256[2:4] / sha256, (when.timestamp(), when.timestamp()))
