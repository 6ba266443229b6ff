"""Reads what happened to a document: evidence and business statuses in the order of time."""

from lienthong.exchange.domain.timeline import Happened, Logged, merged
from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.storage.checkpoints import stamped_evidence
from lienthong.exchange.storage.timeline import evidence_of, statuses_of
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import see_document
from lienthong.shared.identifiers import DocumentId


async def read_timeline(document: DocumentId, process: Process, *, viewer: Viewer) -> tuple[Happened, ...]:
    """Everything about the deliveries that ``viewer`` may see.

    Raises:
        DocumentNotFound: There is none here, or ``viewer`` is no party to it.
    """
    async with process.database.read() as connection:
        seen = await see_document(connection, document, process=process, viewer=viewer)
        evidence = await evidence_of(connection, document)
        statuses = await statuses_of(connection, document)
        stamps = await stamped_evidence(connection, document, here=process.here)
    told = [
        Logged(piece=piece, stamped_at=stamps[piece.claims.id]) if piece.claims.id in stamps else piece
        for piece in evidence
    ]
    return merged(told, statuses, deliveries=seen.deliveries, amendments=seen.amendments, later=seen.later_report)
