"""Opens a document as an edXML file, whatever it came as: for systems that read nothing else.

What came as edXML is given as it is, byte for byte. An ASiC-E container is written anew in the Java dialect: its
header, its attachments, without its signatures, which stand for the container's bytes and would prove nothing here.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.usecases.keep_packages import require_kept
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import SeenDocument, read_document
from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.limits import READ_CHUNK_BYTES
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import AttachmentIndex, DocumentHeader, PackageContent
from lienthong.shared.edxml.writer import AttachmentSource, write_document, write_status
from lienthong.shared.identifiers import DocumentId
from lienthong.shared.spooling import SpooledFile, spool


@dataclass(frozen=True, slots=True, kw_only=True)
class EdXMLFile:
    """An edXML file to be sent. ``pieces`` give its bytes once, while it is open."""

    size: int
    pieces: AsyncIterator[bytes]


@asynccontextmanager
async def open_as_edxml(document: DocumentId, process: Process, *, viewer: Viewer) -> AsyncIterator[EdXMLFile]:
    """The file; what is written for it goes at the end.

    Raises:
        DocumentNotFound: There is none here, or ``viewer`` is no party to it.
        PackageExpired: It is not kept any more.
        BlobMissing: The node knows the document but lost its bytes.
        NotWritable: The container holds what no edXML file can, such as a name that is too long.
        SpoolUnavailable: There is no room to write it.
    """
    seen = await read_document(document, process, viewer=viewer)
    package = seen.record.package
    await require_kept(package.sha256, process)
    if package.media_type == EDXML:
        yield EdXMLFile(size=package.size, pieces=process.blobs.read(package.sha256))
        return
    async with AsyncExitStack() as stack:
        path = await _written(seen, process, stack)
        yield EdXMLFile(size=path.stat().st_size, pieces=_read(path))


async def _written(seen: SeenDocument, process: Process, stack: AsyncExitStack) -> Path:
    content = await seen.content()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=process.settings.spool_dir, prefix="as-edxml-")))
    sources = []
    for index in content.attachments:
        file = await _extracted(seen, index, folder, process=process)
        sources.append(AttachmentSource(path=file.path, name=index.name, content_type=index.content_type))
    path = folder / "document.edxml"
    await asyncio.to_thread(_write, content, sources, path)
    return path


async def _extracted(seen: SeenDocument, index: AttachmentIndex, folder: Path, *, process: Process) -> SpooledFile:
    def read_range(start: int, end: int) -> AsyncIterator[bytes]:
        return process.blobs.read(seen.record.package.sha256, start=start, end=end)

    return await spool(read_attachment(read_range, index), folder, limit_bytes=index.size)


def _write(content: PackageContent, sources: Sequence[AttachmentSource], path: Path) -> None:
    with path.open("wb") as out:
        if isinstance(content.header, DocumentHeader):
            write_document(content.header, sources, out)
        else:
            write_status(content.header, out)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, READ_CHUNK_BYTES):
            yield piece
