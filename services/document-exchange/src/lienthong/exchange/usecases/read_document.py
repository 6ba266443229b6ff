"""Reads one document, for those who may see it."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendments import Amendment
from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.marks import LaterReport, Marks
from lienthong.exchange.domain.visibility import Delivery, Viewer, no_such_document, visible_deliveries
from lienthong.exchange.storage.amendment_reads import amended_by, amendments_of, is_waiting
from lienthong.exchange.storage.document_reads import deliveries_of, find_document
from lienthong.exchange.storage.marks import later_report_of, marks_of
from lienthong.exchange.usecases.process import Process
from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.identifiers import DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDocument:
    """A document with what the viewer may see of its deliveries: the sender all, a recipient its own."""

    record: DocumentRecord
    deliveries: tuple[Delivery, ...]
    marks: Marks
    later_report: LaterReport | None
    amendments: tuple[Amendment, ...]
    """What was asked about it."""
    amends: tuple[Amendment, ...]
    """What it asks about others, being a recall, an update or a replacement."""
    is_waiting: bool
    """It speaks of something that has not reached this node."""

    async def content(self) -> PackageContent:
        """What the package says. In a thread: a directive may name 11,000 recipients."""
        return await asyncio.to_thread(PackageContent.model_validate, self.record.content)


async def read_document(document: DocumentId, process: Process, *, viewer: Viewer) -> SeenDocument:
    """The document.

    Raises:
        DocumentNotFound: There is none here, or ``viewer`` is no party to it.
    """
    async with process.database.read() as connection:
        return await see_document(connection, document, process=process, viewer=viewer)


async def see_document(
    connection: AsyncConnection, document: DocumentId, *, process: Process, viewer: Viewer
) -> SeenDocument:
    """The same, on the caller's connection. Raises :class:`DocumentNotFound`."""
    record = await find_document(connection, document)
    if record is None:
        raise no_such_document()
    found = await deliveries_of(connection, document, now=process.clock())
    visible = visible_deliveries(viewer, record, found)
    marks, later = await marks_of(connection, document), await later_report_of(connection, document)
    asked, asks = await amendments_of(connection, document), await amended_by(connection, document)
    is_sender, own = viewer.is_sender(record), {one.id for one in visible}
    return SeenDocument(
        record=record,
        deliveries=visible,
        marks=marks,
        later_report=later,
        amendments=tuple(one for one in asked if one.delivery in own),
        amends=tuple(one for one in asks if is_sender or one.recipient in viewer.agencies),
        is_waiting=await is_waiting(connection, document),
    )
