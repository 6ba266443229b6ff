"""Tells the origin that this node does not take a document that the origin vouched for."""

from collections.abc import Sequence

import structlog

from lienthong.exchange.domain.evidence import Happening, outcomes
from lienthong.exchange.storage.dead_letters import note_refusal
from lienthong.exchange.storage.evidence import add_own_evidence
from lienthong.exchange.storage.schema import inbox, outbox
from lienthong.exchange.usecases.process import Process
from lienthong.shared.contracts.envelope import Envelope
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.errors import Forbidden, InvalidInput, LienthongError, TooLarge, Verification
from lienthong.shared.inbox import claim_new
from lienthong.shared.outbox import add

REFUSALS = (InvalidInput, Forbidden, Verification, TooLarge)
"""Errors that no repeat can mend."""

_log = structlog.get_logger(__name__)


async def refuse_envelope(envelopes: Sequence[Envelope], error: LienthongError, process: Process) -> None:
    """Evidence that a message is refused, kept here and queued for the origin, in a transaction of its own; once."""
    envelope, now = envelopes[0], process.clock()
    deliveries = [one for part in envelopes for one in part.deliveries]
    all_here = all(one.node == process.here for one in deliveries)
    happening = Happening(
        event=Event.CONTENT_CONSIGNMENT_FAILURE if all_here else Event.RELAY_REJECTION,
        node=process.here,
        time=now,
        actor=envelope.issuer,
        reason_code=error.code,
        reason=error.detail,
    )
    recorder = process.evidence_recorder()
    document = envelope.document
    sealed = [recorder.seal(happening, document=document, recipients=outcomes(deliveries, "rejected"))]
    homeward = recorder.homeward(document, sealed)
    async with process.database.begin() as connection:
        if await claim_new(connection, inbox, [envelope.message_id], now):
            await note_refusal(connection, envelope.message_id, document.id, code=error.code, at=now)
            await add_own_evidence(connection, sealed, is_stored=False)
            await add(connection, outbox, homeward)
    _log.warning("refused a document", document=document.id, code=error.code, issuer=envelope.issuer)
