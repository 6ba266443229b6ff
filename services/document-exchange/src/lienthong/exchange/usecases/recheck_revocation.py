"""Looks again at documents that were accepted while nobody could say whether a certificate was revoked.

The verdict is about the moment of receipt, with revocation data of today. The first report stays; nothing is taken
back, since the document was accepted: one whose certificate was revoked before is shown as such, and operators told.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from lienthong.exchange.domain.marks import SIGNER_REVOKED, LaterReport, is_revocation_open, turned_out_revoked
from lienthong.exchange.storage.marks import (
    PendingRevocation,
    due_revocations,
    postpone_revocation,
    settle_revocation,
)
from lienthong.exchange.storage.witnessing import Alarm, count_alarm
from lienthong.exchange.usecases.judge_signatures import JudgedPackage, judge_signatures
from lienthong.exchange.usecases.process import Process
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.report import Report
from lienthong.shared.spooling import SpooledFile, spool

DOCUMENTS_AT_ONCE = 50
"""Documents that one round looks at, one after another; their packages are on disk, never all in memory."""

_log = structlog.get_logger(__name__)


async def recheck_revocation(process: Process) -> int:
    """Judges what is due again; how many documents that were.

    Raises:
        TrustListMissing: There is nothing to judge with.
    """
    process.trust.current()
    async with process.database.read() as connection:
        due = await due_revocations(connection, now=process.clock(), limit=DOCUMENTS_AT_ONCE)
    for pending in due:
        try:
            report = await _judged(pending, process)
        except LienthongError as error:  # of this document alone: the others must not wait for it
            _log.warning("not judged again", document=pending.document, code=error.code)
            report = None
        await _note(pending, report, process)
    return len(due)


async def _judged(pending: PendingRevocation, process: Process) -> Report:
    async with _spooled(pending, process) as spooled:
        package = JudgedPackage(
            path=spooled.path,
            reading=await asyncio.to_thread(read_package, spooled.path, pending.media_type),
            media_type=pending.media_type,
            sender=pending.sender,
            at=pending.received_at,
        )
        return await judge_signatures(package, process)


@asynccontextmanager
async def _spooled(pending: PendingRevocation, process: Process) -> AsyncIterator[SpooledFile]:
    stream = process.blobs.read(pending.sha256)
    with await spool(stream, process.settings.spool_dir, limit_bytes=pending.size) as spooled:
        yield spooled


async def _note(pending: PendingRevocation, report: Report | None, process: Process) -> None:
    now = process.clock()
    if report is None or is_revocation_open(report):
        async with process.database.begin() as connection:
            await postpone_revocation(connection, pending, now=now)
        return
    revoked = turned_out_revoked(report)
    later = LaterReport(report=report.model_dump(mode="json"), checked_at=now, revoked=revoked)
    async with process.database.begin() as connection:
        await settle_revocation(connection, pending.document, later)
        if revoked:
            await count_alarm(connection, _alarm(pending, process.here, now))
    if revoked:
        _log.error("a certificate was revoked before the document was received", document=pending.document)


def _alarm(pending: PendingRevocation, here: NodeId, now: datetime) -> Alarm:
    """One for the node, which counts the documents and names the last."""
    return Alarm(
        node=here,
        violation=SIGNER_REVOKED,
        detail=f"A certificate that signed document {pending.document} was revoked before it was received.",
        held_note="",
        seen_note="",
        first_seen_at=now,
        last_seen_at=now,
        rounds=1,
    )
