"""Puts this node's evidence into its log. Apart from the transactions that make it, so that those lock no head."""

from lienthong.exchange.domain.evidence_chain import chained
from lienthong.exchange.storage.evidence_log import append, is_sequencer, log_head, pending_evidence
from lienthong.exchange.usecases.process import Process

ENTRIES_AT_ONCE = 500


async def sequence_evidence(process: Process) -> int:
    """Appends what waits, oldest id first, in one transaction; how many entries that was.

    Two sequencers cannot fork the log: the second finds the lock taken, and the index is the log's key.
    """
    async with process.database.read() as connection:
        if not await pending_evidence(connection, limit=1):
            return 0
    async with process.database.begin() as connection:
        if not await is_sequencer(connection):
            return 0
        pending = await pending_evidence(connection, limit=ENTRIES_AT_ONCE)
        if pending:
            head = await log_head(connection)
            await append(connection, list(chained(head, ((one.id, one.jws) for one in pending))))
    return len(pending)
