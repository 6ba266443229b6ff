"""Puts this node's evidence into its log. Apart from the transactions that make it, so that those lock nothing."""

from lienthong.exchange.domain.evidence_log import leaves_after
from lienthong.exchange.storage.evidence_log import append, is_sequencer, log_size, pending_evidence, stored_hashes
from lienthong.exchange.usecases.process import Process
from lienthong.shared.merkle import grown, root_needs

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
            size = await log_size(connection)
            leaves = list(leaves_after(size, ((one.id, one.jws) for one in pending)))
            held = await stored_hashes(connection, root_needs(size))
            await append(connection, leaves, grown(size, held, [one.hash for one in leaves]))
    return len(pending)
