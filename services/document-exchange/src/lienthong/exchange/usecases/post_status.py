"""Answer, flow 11: a recipient says what its people did; the node writes that as a package and submits it.

The package takes the same road as one that the recipient's system had written itself.
"""

import asyncio
import hashlib
import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from lienthong.exchange.domain.amendments import ANSWER_CODES, UNSETTLED, NothingAsked, answered
from lienthong.exchange.domain.business_status import check_answer
from lienthong.exchange.domain.status_header import StatusAnswer, status_header
from lienthong.exchange.domain.submission import Sender, idempotency_key
from lienthong.exchange.domain.visibility import Delivery, Viewer
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import SeenDocument, read_document
from lienthong.exchange.usecases.submit_document import Submission, Submitted, earlier_submission, submit_document
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import StatusHeader
from lienthong.shared.edxml.writer import write_status
from lienthong.shared.errors import Forbidden
from lienthong.shared.identifiers import DocumentId, Sha256
from lienthong.shared.spooling import SpooledFile, disk_refusals


class NotARecipient(Forbidden):
    """The document was not sent to that agency at this node."""

    code = "not-a-recipient"
    title = "Only a recipient answers a document"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOrder:
    """What ``agency`` wants said about a document. ``key``: the client's Idempotency-Key, if any."""

    document: DocumentId
    agency: AgencyEntry
    answer: StatusAnswer
    sender: Sender
    key: str | None

    @property
    def request_sha256(self) -> Sha256:
        """What was asked, whenever it was asked: a repeat of the request is answered as the first one was."""
        staff = self.answer.staff.model_dump() if self.answer.staff else None
        said = {**asdict(self.answer), "staff": staff, "document": self.document, "agency": self.agency.code}
        return Sha256(hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest())


async def post_status(order: StatusOrder, process: Process) -> Submitted:
    """Submits the answer as a status package.

    Raises:
        DocumentNotFound: There is no such document here, or the agency is no party to it.
        NotARecipient: The agency sent the document, and did not receive it.
        StatusNotAnswerable: It is a status itself.
        StatusCodeNotAllowed: The code is not a recipient's answer.
        RefusalWithoutReason: 02 or 16 without a description.
        NothingAsked: 15 or 16 where nothing waits for it.
        NotWritable: The document lacks what a status must name, such as a DocumentId.
        LienthongError: What :func:`~.submit_document.submit_document` raises.
    """
    check_answer(order.answer.code, order.answer.description)
    viewer = Viewer(node=process.here, agencies=(order.agency.code,))
    seen = await read_document(order.document, process, viewer=viewer)
    delivery = _own_delivery(seen, viewer)
    if order.answer.code in ANSWER_CODES:
        await _require_asked(order, seen, process)
    content = await seen.content()
    header = status_header(
        order.answer, content, agency=order.agency, addressed_to=delivery.addressed_to, at=process.clock()
    )
    with await asyncio.to_thread(_written, header, process.settings.spool_dir) as spooled:
        submission = Submission(
            spooled=spooled,
            media_type=EDXML,
            sender=order.sender,
            key=order.key,
            request_sha256=order.request_sha256,
            replies_to=order.document,
        )
        return await submit_document(submission, process)


async def _require_asked(order: StatusOrder, seen: SeenDocument, process: Process) -> None:
    """Something was asked of the agency about the document, or by it, that the answer can still move.

    A repeat of what was answered before is let through: it gets the first one's answer.
    """
    asked = [one for one in (*seen.amendments, *seen.amends) if one.recipient == order.agency.code]
    unsettled = [one for one in asked if one.state in UNSETTLED]
    if any(answered(one.state, order.answer.code) is not one.state for one in unsettled):
        return
    key, asked_before = idempotency_key(order.key, order.request_sha256), order.request_sha256
    if await earlier_submission(order.sender.client_id, key, process, asked=asked_before) is None:
        states = sorted(one.state for one in asked)
        raise NothingAsked("No recall, update or replacement waits for that answer.", facts={"states": states})


def _own_delivery(seen: SeenDocument, viewer: Viewer) -> Delivery:
    for delivery in seen.deliveries:
        if viewer.is_recipient(delivery):
            return delivery
    raise NotARecipient("This document was sent by that agency, not to it; its recipients answer it.")


def _written(header: StatusHeader, directory: Path) -> SpooledFile:
    package = io.BytesIO()  # a status is a few kilobytes
    write_status(header, package)
    written = package.getvalue()
    with disk_refusals():
        descriptor, name = tempfile.mkstemp(dir=directory, prefix="status-")
        with os.fdopen(descriptor, "wb") as out:
            out.write(written)
    return SpooledFile(path=Path(name), size=len(written), sha256=Sha256(hashlib.sha256(written).hexdigest()))
