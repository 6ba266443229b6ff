"""Expiry: what nobody claimed by the sender's deadline ends, with evidence, at the node that may say so.

1 At the recipient's node, at the deadline: from then on nobody can claim it, whether or not this has run yet.
2 At the origin, a grace later, where nobody ever told that the document arrived. Should it arrive after all, the
recipient's node lets it into no inbox, for it knows the deadline.

One transaction for each batch; a power cut before its commit leaves everything to the next.
"""

from typing import Final

from lienthong.exchange.domain.documents import FailReason
from lienthong.exchange.storage.deadlines import never_arrived, unclaimed_in_time
from lienthong.exchange.usecases.end_delivery import End, end_delivery
from lienthong.exchange.usecases.process import Process

EXPIRIES_AT_ONCE: Final = 100
"""Deliveries of each of the two kinds in one transaction."""


async def expire_deliveries(process: Process) -> int:
    """Ends at most two batches of deliveries; how many there were. As many as a batch holds: there may be more."""
    now, here, recorder = process.clock(), process.here, process.evidence_recorder()
    end = End(reason=FailReason.EXPIRED, actor=here)
    before = now - process.settings.expiry_grace
    async with process.database.begin() as connection:
        waiting = await unclaimed_in_time(connection, now=now, limit=EXPIRIES_AT_ONCE)
        lost = await never_arrived(connection, here=here, before=before, limit=EXPIRIES_AT_ONCE)
        for delivery in (*waiting, *lost):
            await end_delivery(connection, delivery, end, recorder=recorder, now=now)
    return max(len(waiting), len(lost))
