"""Opens a document's package, the exact bytes that its sender submitted."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.usecases.keep_packages import require_kept
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import read_document
from lienthong.shared.identifiers import DocumentId, Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPackage:
    """A package to be sent. ``read`` gives the bytes from a start (inclusive) to an end (exclusive), in pieces."""

    name: str
    media_type: str
    size: int
    sha256: Sha256
    read: Callable[[int, int], AsyncIterator[bytes]]


async def open_package(document: DocumentId, process: Process, *, viewer: Viewer) -> OpenPackage:
    """The package.

    Raises:
        DocumentNotFound: There is none here, or ``viewer`` is no party to it.
        PackageExpired: It is not kept any more.
        BlobMissing: The node knows the document but lost its bytes.
    """
    seen = await read_document(document, process, viewer=viewer)
    package = seen.record.package
    await require_kept(package.sha256, process)
    extension = "asice" if package.media_type.endswith("asic-e+zip") else "edxml"
    return OpenPackage(
        name=f"{seen.record.notation.replace('/', '-') or document}.{extension}",
        media_type=package.media_type,
        size=package.size,
        sha256=package.sha256,
        read=lambda start, end: process.blobs.read(package.sha256, start=start, end=end),
    )
