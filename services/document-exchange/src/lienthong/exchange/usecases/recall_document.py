"""Recall, update, replace: a sender names a document that it sent here; a recall is written by the node. Flow 12."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.exchange.domain.amendments import AmendmentKind, NotAmendable, NotTheSender
from lienthong.exchange.domain.recall_header import Recall, recall_header
from lienthong.exchange.domain.submission import Sender, entitled_sender, idempotency_key
from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.usecases.amended_documents import NamedOriginal
from lienthong.exchange.usecases.build_package import Draft, build_package
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import SeenDocument, read_document
from lienthong.exchange.usecases.submit_document import Submission, Submitted, earlier_submission, submit_document
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import BusinessType
from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import DocumentId, Sha256


class RecallRecipientUnknown(InvalidInput):
    """The document was not sent to an agency from which it is to be taken back."""

    code = "recall-recipient-unknown"
    title = "The document was not sent to that agency"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOrder:
    """What is to be taken back, why, and from whom; ``recipients`` None: from all. ``key``: the Idempotency-Key.

    ``sign``: with the agency's remote key; otherwise the seal of this node alone vouches for the sender.
    """

    document: DocumentId
    reason: str
    recipients: Sequence[str] | None
    sign: bool
    sender: Sender
    key: str | None

    @property
    def request_sha256(self) -> Sha256:
        """What was asked, whenever it was asked."""
        asked = [self.document, self.reason, sorted(self.recipients) if self.recipients else None, self.sign]
        return Sha256(hashlib.sha256(json.dumps(["recall", *asked]).encode()).hexdigest())


async def recall_document(order: RecallOrder, process: Process, *, viewer: Viewer) -> Submitted:
    """Writes the recall as a package of business type 1 and submits it.

    Raises:
        DocumentNotFound: There is no such document here, or the caller is no party to it.
        NotTheSender: The caller received it.
        NotAmendable: It is a status or a recall.
        RecallRecipientUnknown: It was not sent to one of ``order.recipients``.
        LienthongError: What building, signing and submitting a package raise.
    """
    seen, named = await own_original(order.document, process, viewer=viewer, kind=AmendmentKind.RECALL)
    key, asked = idempotency_key(order.key, order.request_sha256), order.request_sha256
    earlier = await earlier_submission(order.sender.client_id, key, process, asked=asked)
    if earlier is not None:
        return earlier
    agency = entitled_sender(
        seen.record.sender, sender=order.sender, here=process.here, directory=process.directory.current()
    )
    recall = Recall(reason=order.reason, addressed_to=_addressed(order, seen, process), at=process.clock())
    header = recall_header(recall, await seen.content(), agency=agency)
    async with build_package(Draft(header=header, files=()), process, sender=order.sender, sign=order.sign) as spooled:
        submission = Submission(
            spooled=spooled,
            media_type=EDXML,
            sender=order.sender,
            key=order.key,
            request_sha256=order.request_sha256,
            amends=named,
        )
        return await submit_document(submission, process)


async def own_original(
    document: DocumentId, process: Process, *, viewer: Viewer, kind: AmendmentKind
) -> tuple[SeenDocument, NamedOriginal]:
    """The document that ``viewer`` sent here and now amends.

    Raises:
        DocumentNotFound, NotTheSender, NotAmendable: As :func:`recall_document`.
    """
    seen = await read_document(document, process, viewer=viewer)
    record = seen.record
    if not viewer.is_sender(record):
        raise NotTheSender("Your agency received this document; only its sender takes it back or changes it.")
    if record.kind is not DocumentKind.DOCUMENT or record.business_type == BusinessType.RECALL:
        raise NotAmendable("A status, and a recall, are not taken back or changed.")
    return seen, NamedOriginal(
        document=record.id, sender=record.sender, document_id=record.sender_document_id, kind=kind
    )


def _addressed(order: RecallOrder, seen: SeenDocument, process: Process) -> tuple[str, ...]:
    """The codes, as the document has them, of those from whom it is taken back."""
    if order.recipients is None:
        return tuple(one.addressed_to for one in seen.deliveries)
    directory = process.directory.current()
    by_agency = {one.agency: one.addressed_to for one in seen.deliveries}
    found = {
        code: by_agency.get(agency.code) if (agency := directory.agency(code)) else None for code in order.recipients
    }
    unknown = sorted(code for code, address in found.items() if address is None)
    if unknown:
        raise RecallRecipientUnknown("Name recipients of the document.", facts={"recipients": unknown})
    return tuple(address for address in found.values() if address is not None)
