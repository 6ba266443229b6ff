"""Keeps packages as long as the policy says, and takes away what nothing points at. The only place that deletes them.

What a power cut does: a mark that is made is judged again whenever the worker comes back; between the deletion in the
store and the commit that notes it, the mark stays, and the deletion is done again.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import structlog

from lienthong.exchange.domain.retention import (
    GRACE,
    ORPHAN_AGE,
    PackageExpired,
    RemovalReason,
    RetentionPolicy,
    may_go,
    reason_of,
)
from lienthong.exchange.storage.removals import (
    clear_mark,
    due_removals,
    find_removals,
    forget_orphans,
    hold_removal,
    mark_removals,
    old_documents,
    package_uses,
    settle_removal,
)
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import DocumentId, Sha256

PACKAGES_AT_ONCE: Final = 200
"""Packages that are judged with a few statements; between two such batches others get their turn."""
BETWEEN_BATCHES: Final = timedelta(milliseconds=50)
PREFIXES: Final = tuple(f"{number:02x}" for number in range(256))
PREFIXES_AT_ONCE: Final = 16
"""Of the 256 parts of the store, those that one round searches for orphans."""
FORGET_AFTER: Final = timedelta(days=30)
"""Removed orphans are remembered for so long: no transaction is older."""

_log = structlog.get_logger(__name__)


async def require_kept(sha256: Sha256, process: Process) -> None:
    """That the package, which a document here has, is to be had.

    Raises:
        PackageExpired: It is not kept any more.
        BlobMissing, BlobStoreUnavailable: It is lost, or its store away.
    """
    async with process.database.read() as connection:
        removal = (await find_removals(connection, [sha256])).get(sha256)
    if removal is not None and removal.reason is RemovalReason.EXPIRED:
        raise PackageExpired(
            "This node does not keep the package any more. Its record and its evidence stay.",
            facts={"expired_at": removal.marked_at.isoformat()},
        )
    await process.blobs.size(sha256)


class Retention:
    """The rounds of one worker. Several may run beside each other."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._prefix = random.randrange(len(PREFIXES))  # noqa: S311 — a worker that restarts often gets everywhere

    async def run(self) -> None:
        """One round: removes what was marked, marks what may go, sweeps a part of the store."""
        done: Counter[str] = Counter()
        done["removed"] = await remove_marked(self._process)
        done["marked"] = await mark_expired(self._process)
        for _ in range(PREFIXES_AT_ONCE):
            done["orphans"] += await mark_orphans(PREFIXES[self._prefix], self._process)
            self._prefix = (self._prefix + 1) % len(PREFIXES)
        done["left_over"] = await self._process.blobs.sweep(self._process.clock() - ORPHAN_AGE)
        if any(done.values()):
            _log.info("packages looked after", **done)


async def remove_marked(process: Process) -> int:
    """Removes packages that were marked a :data:`GRACE` ago, unless something points at them now; how many went."""
    now, removed = process.clock(), 0
    while True:
        async with process.database.read() as connection:
            due = await due_removals(connection, before=now - GRACE, limit=PACKAGES_AT_ONCE)
        settled = [await _remove(one, process) for one in due]
        removed += settled.count(True)
        if len(due) < PACKAGES_AT_ONCE or None in settled:  # None: another worker is at it
            break
        await asyncio.sleep(BETWEEN_BATCHES.total_seconds())
    async with process.database.begin() as connection:
        await forget_orphans(connection, before=now - FORGET_AFTER)
    return removed


async def _remove(sha256: Sha256, process: Process) -> bool | None:
    """Judges again and removes, under the lock that adoptions wait for. False: it stays; None: somebody has it."""
    now = process.clock()
    async with process.database.begin() as connection:
        if not await hold_removal(connection, sha256):
            return None
        [use] = await package_uses(connection, [sha256], here=process.here)
        if not may_go(use, policy_of(process), now=now):
            await clear_mark(connection, sha256)
            return False
        await process.blobs.delete(sha256)
        await settle_removal(connection, sha256, at=now)
    _log.info("removed a package", sha256=sha256, reason=reason_of(use), documents=use.documents)
    return True


async def mark_expired(process: Process) -> int:
    """Marks the packages whose time is over; how many."""
    policy, now, marked, last = policy_of(process), process.clock(), 0, DocumentId("")
    kept = [one for one in (policy.own, policy.relayed) if one is not None]
    while kept:
        async with process.database.read() as connection:
            found = await old_documents(
                connection, last, before=now - min(kept), relayed_only=policy.own is None, limit=PACKAGES_AT_ONCE
            )
        marked += await _mark({one.sha256 for one in found}, process)
        if len(found) < PACKAGES_AT_ONCE:
            break
        last = found[-1].id
        await asyncio.sleep(BETWEEN_BATCHES.total_seconds())
    return marked


async def mark_orphans(prefix: str, process: Process) -> int:
    """Marks the packages below ``prefix`` that no document names and that are older than :data:`ORPHAN_AGE`."""
    before, marked = process.clock() - ORPHAN_AGE, 0
    async for blobs in process.blobs.listing(prefix):
        old = {one.sha256 for one in blobs if one.modified_at < before}
        async with process.database.read() as connection:
            uses = await package_uses(connection, old, here=process.here)
        marked += await _mark({one.sha256 for one in uses if not one.documents}, process)
    return marked


def policy_of(process: Process) -> RetentionPolicy:
    """What this node's operator decided."""
    settings = process.settings
    return RetentionPolicy(own=settings.keep_packages or None, relayed=settings.keep_relayed_packages or None)


async def _mark(digests: Collection[Sha256], process: Process) -> int:
    if not digests:
        return 0
    policy, now = policy_of(process), process.clock()
    async with process.database.begin() as connection:
        standing = await find_removals(connection, digests)
        fresh = sorted(set(digests) - set(standing))
        uses = [one for one in await package_uses(connection, fresh, here=process.here) if may_go(one, policy, now=now)]
        for reason in RemovalReason:
            await mark_removals(connection, [one.sha256 for one in uses if reason_of(one) is reason], reason, now=now)
    return len(uses)
