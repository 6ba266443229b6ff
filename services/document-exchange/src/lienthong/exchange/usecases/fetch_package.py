"""Gets the bytes that an envelope announces: out of the message, out of the own store, or from the sending node."""

import asyncio
from collections.abc import AsyncIterator

import structlog

from lienthong.exchange.usecases.process import Process
from lienthong.shared.blobs import BlobMissing
from lienthong.shared.clients.node import DigestMismatch, NodeClient, partial_path
from lienthong.shared.contracts.envelope import Envelope
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.contracts.pull import PULL_TYPE, PullRequest
from lienthong.shared.spooling import PackageTooLarge, SpooledFile, spool

_log = structlog.get_logger(__name__)


async def fetch_package(envelope: Envelope, body: bytes, process: Process) -> SpooledFile:
    """The announced package in the spool, its digest checked.

    The envelope is sealed, the body beside it is not: one that was changed on its way is dropped, and the package
    fetched from the sending node. Whoever writes to the broker could make a delivery fail otherwise.

    Raises:
        PackageTooLarge: This node takes no package of that size.
        DigestMismatch: The sending node hands out other bytes.
        PackageNotPulled, PullUnderWay: The sending node is away, or the package on its way already.
        InsufficientStorage: It does not fit on the disk now; what was fetched before stays.
    """
    wanted = envelope.document.package
    limit = process.settings.max_package_bytes
    if wanted.size > limit:
        raise PackageTooLarge(f"This node takes packages of up to {limit} bytes.", facts={"limit_bytes": limit})
    process.room.require(wanted.size - await asyncio.to_thread(_fetched_before, wanted, process))
    if body:
        try:
            return _checked(await _spooled(_once(body), wanted, process), wanted)
        except (DigestMismatch, PackageTooLarge):
            _log.warning("a body is not what its envelope announces", message=envelope.id, issuer=envelope.issuer)
    if await _is_here(wanted, process):
        return _checked(await _spooled(process.blobs.read(wanted.sha256), wanted, process), wanted)
    return await _pulled(envelope, process)


async def _pulled(envelope: Envelope, process: Process) -> SpooledFile:
    wanted = envelope.document.package
    node = process.directory.current().node(envelope.issuer)

    def authorize() -> str:
        request = PullRequest(
            issuer=process.here, audience=envelope.issuer, issued_at=process.clock(), sha256=wanted.sha256
        )
        return process.seal_key.seal(PULL_TYPE, request)

    client = NodeClient(http=process.http)
    return await client.pull(node.url, wanted, authorize=authorize, directory=process.settings.pulls_dir)


def _fetched_before(wanted: PackageReference, process: Process) -> int:
    try:
        return min(partial_path(process.settings.pulls_dir, wanted).stat().st_size, wanted.size)
    except OSError:
        return 0


async def _is_here(wanted: PackageReference, process: Process) -> bool:
    try:
        return await process.blobs.size(wanted.sha256) == wanted.size
    except BlobMissing:
        return False


async def _spooled(stream: AsyncIterator[bytes], wanted: PackageReference, process: Process) -> SpooledFile:
    return await spool(stream, process.settings.spool_dir, limit_bytes=wanted.size)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _checked(spooled: SpooledFile, wanted: PackageReference) -> SpooledFile:
    if (spooled.sha256, spooled.size) != (wanted.sha256, wanted.size):
        with spooled:
            raise DigestMismatch("The package is not the one that the envelope announces.")
    return spooled
