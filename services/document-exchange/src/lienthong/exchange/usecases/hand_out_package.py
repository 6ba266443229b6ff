"""Hands a package to the node that it was announced to."""

from pydantic import ValidationError

from lienthong.exchange.domain.accept_envelope import is_neighbour
from lienthong.exchange.errors import PullNotAllowed
from lienthong.exchange.storage.documents import package_media_type
from lienthong.exchange.usecases.keep_packages import require_kept
from lienthong.exchange.usecases.open_package import OpenPackage
from lienthong.exchange.usecases.process import Process
from lienthong.shared.blobs import BlobMissing
from lienthong.shared.contracts.pull import PULL_LIFETIME, PULL_TYPE, PullRequest
from lienthong.shared.directory import NodeUnknown
from lienthong.shared.identifiers import NodeId, Sha256
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import SealInvalid, open_seal


async def hand_out_package(sealed_request: str, sha256: Sha256, process: Process) -> OpenPackage:
    """The package, for the node that sealed the request.

    Raises:
        PullNotAllowed: The request is not a neighbour's, not for this node and package, or too old.
        BlobMissing: No document here has that package.
        PackageExpired: It is not kept any more.
    """
    _require_allowed(sealed_request, sha256, process)
    async with process.database.read() as connection:
        media_type = await package_media_type(connection, sha256)
    if media_type is None:
        raise BlobMissing("No document here has that package.")
    await require_kept(sha256, process)
    return OpenPackage(
        name=f"{sha256}.package",
        media_type=media_type,
        size=await process.blobs.size(sha256),
        sha256=sha256,
        read=lambda start, end: process.blobs.read(sha256, start=start, end=end),
    )


def _require_allowed(sealed_request: str, sha256: Sha256, process: Process) -> None:
    now, here = process.clock(), process.here
    try:
        # 1. Sealed by a node. 2. A request.
        opened = open_seal(
            sealed_request, typ=PULL_TYPE, trust=process.trust.current(), at=now, profile=Profile.NODE_SEAL
        )
        request = PullRequest.model_validate_json(opened.payload)
    except (SealInvalid, ValidationError) as error:
        raise PullNotAllowed("The request is not sealed by a node.") from error
    # 3. By the node that it names, to this node, for this package.
    if (opened.subject.node, here, sha256) != (request.issuer, request.audience, request.sha256):
        raise PullNotAllowed("The request is another node's, or for another node or package.")
    # 4. Made just now.
    if abs(now - request.issued_at) > PULL_LIFETIME:
        raise PullNotAllowed("The request is too old; compare the clocks.")
    # 5. By a neighbour.
    if not _is_neighbour(request.issuer, process):
        raise PullNotAllowed(f"The node {request.issuer} is no neighbour of {here}.")


def _is_neighbour(node: NodeId, process: Process) -> bool:
    try:
        return is_neighbour(process.directory.current(), node, process.here)
    except NodeUnknown:
        return False
