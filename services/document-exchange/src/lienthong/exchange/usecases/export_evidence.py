"""Makes the evidence file of a document: everything that proves its journey to somebody who trusts no operator.

Nothing is written to the database. What is away (a node of the journey, the responder, the time-stamping authority) is
missing from the file, which says so; whoever needs more asks again later.
"""

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from typing import BinaryIO, Final

from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.evidence_export import Collected, Piece, contents_of, members_of, relevant
from lienthong.exchange.domain.visibility import Viewer, no_such_document
from lienthong.exchange.errors import TrustListMissing
from lienthong.exchange.storage.timeline import evidence_of
from lienthong.exchange.usecases.ask_ocsp import ask_ocsp
from lienthong.exchange.usecases.find_places import find_places
from lienthong.exchange.usecases.keep_packages import require_kept
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_document import SeenDocument, see_document
from lienthong.shared.clients.time_stamping import TimeStampingClient, TimeStampingUnavailable, TimeStampRefused
from lienthong.shared.contracts.trust import TrustList
from lienthong.shared.edxml.limits import READ_CHUNK_BYTES
from lienthong.shared.errors import LienthongError
from lienthong.shared.evidence_file.writing import PackageFile, SealedMembers, seal_members, write_evidence_file
from lienthong.shared.identifiers import DocumentId, Sha256
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.cms import sign_detached
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.time_stamps import TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust_list import open_trust_list
from lienthong.shared.spooling import SpooledFile, disk_refusals, spool

FILE_PREFIX: Final = "evidence-"
COPIES: Final = 2
"""Of the package, while the file is made: beside it and in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEvidence:
    """A file that has no name on disk: closing ``content`` removes it. ``is_complete``: everything is in it."""

    name: str
    content: BinaryIO
    size: int
    sha256: Sha256
    is_complete: bool


async def export_evidence(
    document: DocumentId, process: Process, *, viewer: Viewer, recipient: str | None = None
) -> ExportedEvidence:
    """The evidence file, made now.

    1. Document and evidence, as far as ``viewer`` may see it.
    2. The logs of the nodes that made it are asked for its place in them.
    3. Trust list, revocation lists, answers of the responder.
    4. The package becomes a file beside it.
    5. The node's seal over everything, a time stamp over the seal.

    Args:
        document: Which one.
        process: This node.
        viewer: Who asks.
        recipient: Only what concerns this one; None: every delivery that ``viewer`` may see.

    Raises:
        DocumentNotFound: There is none here, ``viewer`` is no party to it, or ``recipient`` none that it may see.
        EvidenceTooMuch: It is about more recipients than one file holds.
        TrustListMissing: This node holds none yet.
        PackageExpired: The package is not kept any more.
        BlobMissing, BlobStoreUnavailable: The package is lost, or its store away.
        InsufficientStorage, SpoolUnavailable: The disk refused.
    """
    seen, evidence = await _read(document, process, viewer=viewer, recipient=recipient)  # 1
    await require_kept(seen.record.package.sha256, process)
    pieces = await find_places(evidence, process)  # 2
    collected = await _collected(seen, pieces, process)  # 3
    package = seen.record.package
    process.room.require(COPIES * package.size)
    stream = process.blobs.read(package.sha256, start=0, end=package.size)
    with await spool(stream, process.settings.spool_dir, limit_bytes=package.size) as spooled:  # 4
        sealed = await asyncio.to_thread(_sealed, collected, spooled, process)  # 5
        token = await _time_stamp(sealed, process)
        content, sha256 = await asyncio.to_thread(_written, sealed, token, collected=collected, process=process)
    return ExportedEvidence(
        name=f"{seen.record.notation.replace('/', '-') or document}-evidence.asice",
        content=content,
        size=content.seek(0, 2),
        sha256=sha256,
        is_complete=collected.is_complete and token is not None,
    )


async def _read(
    document: DocumentId, process: Process, *, viewer: Viewer, recipient: str | None
) -> tuple[SeenDocument, tuple[SealedEvidence, ...]]:
    async with process.database.read() as connection:
        seen = await see_document(connection, document, process=process, viewer=viewer)
        evidence = await evidence_of(connection, document)
    wanted = [one for one in seen.deliveries if recipient in {None, one.agency}]
    if not wanted:
        raise no_such_document()
    return seen, relevant(evidence, wanted)


async def _collected(seen: SeenDocument, pieces: tuple[Piece, ...], process: Process) -> Collected:
    jws, trust = await asyncio.to_thread(_trust_list, process)
    issuers = [certificate_from_pem(one) for one in trust.intermediates]
    logs = (pem for piece in pieces if piece.place for pem in piece.place.certificates)
    leaves = [process.seal_key.chain[0], *(certificate_from_pem(pem) for pem in dict.fromkeys(logs))]
    return Collected(
        document=seen.record,
        pieces=pieces,
        trust_jws=jws,
        trust=trust,
        seal=process.seal_key.chain,
        ocsp=await ask_ocsp(leaves, issuers, process),
        made_by=process.here,
        made_at=process.clock(),
    )


def _trust_list(process: Process) -> tuple[str, TrustList]:
    """The list that this node holds, sealed as it was published."""
    try:
        jws = process.settings.trust_list_path.read_text("ascii").strip()
        roots = process.settings.trust_root.read_bytes()
        return jws, open_trust_list(jws, roots=roots, now=process.clock(), held_version=None)
    except (OSError, LienthongError) as error:  # this node's trouble, not the caller's
        raise TrustListMissing("This node holds no usable trust list; try again shortly.") from error


def _sealed(collected: Collected, spooled: SpooledFile, process: Process) -> SealedMembers:
    contents = contents_of(collected)
    package = PackageFile(member=contents.package_member, path=spooled.path, reference=contents.package)
    key = LocalKey(private_key=process.seal_key.private_key, certificate_chain=process.seal_key.chain)
    return seal_members(
        package,
        members_of(collected, contents),
        seal=lambda data: sign_detached(data, key=key, at=collected.made_at),
    )


async def _time_stamp(sealed: SealedMembers, process: Process) -> bytes | None:
    """A checked token; None while the authority is away, or not one that this node trusts."""
    try:
        token = await TimeStampingClient(process.settings.tsa_address, process.http).stamp(sealed.digest)
        trust = process.trust.current()
        await asyncio.to_thread(check_time_stamp, token, sealed.digest, trust=trust, at=process.clock())
    except (TimeStampingUnavailable, TimeStampRefused, TimeStampInvalid):
        return None
    return token


def _written(
    sealed: SealedMembers, token: bytes | None, *, collected: Collected, process: Process
) -> tuple[BinaryIO, Sha256]:
    with disk_refusals():
        out = tempfile.TemporaryFile(dir=process.settings.spool_dir, prefix=FILE_PREFIX)  # noqa: SIM115 — the answer closes it
        write_evidence_file(sealed, token, out, at=collected.made_at)
        out.seek(0)
        digest = hashlib.sha256()
        while piece := out.read(READ_CHUNK_BYTES):
            digest.update(piece)
    return out, Sha256(digest.hexdigest())
