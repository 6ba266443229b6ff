"""Opens one attachment: read out of the package, decoded and unwrapped in a stream."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.usecases.keep_packages import require_kept
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import read_document
from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.model import AttachmentIndex
from lienthong.shared.errors import NotFound
from lienthong.shared.identifiers import DocumentId


class AttachmentNotFound(NotFound):
    """The document has no attachment with that number."""

    code = "attachment-not-found"
    title = "No such attachment"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttachment:
    """An attachment to be sent. ``pieces`` give its bytes, decoded and unwrapped."""

    index: AttachmentIndex
    pieces: AsyncIterator[bytes]


async def open_attachment(document: DocumentId, n: int, *, process: Process, viewer: Viewer) -> OpenAttachment:
    """The attachment number ``n``; 1 is the first.

    Raises:
        DocumentNotFound: There is no such document here, or ``viewer`` is no party to it.
        AttachmentNotFound: It has fewer attachments.
        PackageExpired: The package is not kept any more.
        BlobMissing: The node knows the document but lost its bytes.
    """
    seen = await read_document(document, process, viewer=viewer)
    content = await seen.content()
    index = next((one for one in content.attachments if one.n == n), None)
    if index is None:
        count = len(content.attachments)
        raise AttachmentNotFound(f"The document has {count} attachments.", facts={"attachments": count})
    sha256 = seen.record.package.sha256
    await require_kept(sha256, process)

    def read_range(start: int, end: int) -> AsyncIterator[bytes]:
        return process.blobs.read(sha256, start=start, end=end)

    return OpenAttachment(index=index, pieces=read_attachment(read_range, index))
