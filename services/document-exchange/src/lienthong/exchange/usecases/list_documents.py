"""Lists what agencies sent."""

from dataclasses import replace

from lienthong.exchange.domain.listings import DocumentSummary, Page, SentQuery, page_of
from lienthong.exchange.storage.document_reads import sent_documents
from lienthong.exchange.usecases.process import Process


async def list_documents(query: SentQuery, process: Process) -> Page[DocumentSummary]:
    """A page of the documents that were sent, the newest first."""
    async with process.database.read() as connection:
        found = await sent_documents(connection, replace(query, limit=query.limit + 1))
    return page_of(found, limit=query.limit)
