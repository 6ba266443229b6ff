"""Writes and signs a package for a sender that has only a header and files."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lienthong.exchange.domain.submission import Sender, entitled_sender
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.remote_signer import sign_remotely
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import DocumentHeader
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.xades import insert_signature
from lienthong.shared.spooling import PackageTooLarge, SpooledFile, disk_refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """One file to be attached, in the spool. ``name`` and ``content_type`` are the client's words."""

    spooled: SpooledFile
    name: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a package is to be made of."""

    header: DocumentHeader
    files: tuple[DraftFile, ...]

    def request_sha256(self, *, sign: bool) -> Sha256:
        """What was asked for: a repeat is one although the package then written has other identifiers in it."""
        asked = {
            "header": self.header.model_dump(mode="json", by_alias=True),
            "files": [[one.spooled.sha256, one.name, one.content_type] for one in self.files],
            "sign": sign,
        }
        return Sha256(hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest())


@asynccontextmanager
async def build_package(draft: Draft, process: Process, *, sender: Sender, sign: bool) -> AsyncIterator[SpooledFile]:
    """An edXML file in the Java dialect, signed with the sending agency's remote key unless not ``sign``.

    Raises:
        SenderUnknown, SenderNotAllowed, AgencyNotServed: Before anything is written.
        RemoteKeyMissing, SigningForbidden, SigningUnavailable: Nobody signs for the agency here.
        InvalidInput: What the writer refuses.
        PackageTooLarge: The package is longer than its files, and over the limit.
    """
    directory, spool_dir = process.directory.current(), process.settings.spool_dir
    agency = entitled_sender(draft.header.from_.organ_id, sender=sender, here=process.here, directory=directory)
    with await asyncio.to_thread(_written, draft, spool_dir, signable=sign) as unsigned:
        if not sign:
            yield _within_limit(unsigned, process)
            return
        reading = await asyncio.to_thread(read_package, unsigned.path, EDXML)
        signature = await sign_remotely(reading, agency.code, process)
        with await asyncio.to_thread(_signed, unsigned, signature, reading) as signed:
            yield _within_limit(signed, process)


def _within_limit(built: SpooledFile, process: Process) -> SpooledFile:
    limit = process.settings.max_package_bytes
    if built.size > limit:
        raise PackageTooLarge(f"The package would be longer than the {limit} bytes that are taken.")
    return built


def _written(draft: Draft, directory: Path, *, signable: bool) -> SpooledFile:
    attachments = [
        AttachmentSource(path=one.spooled.path, name=one.name, content_type=one.content_type) for one in draft.files
    ]
    path = _fresh_file(directory)
    with _discarded_on_error(path), path.open("wb") as out:
        write_document(draft.header, attachments, out, with_ids=signable)
    return _measured(path)


def _signed(unsigned: SpooledFile, signature: bytes, reading: PackageReading) -> SpooledFile:
    path = _fresh_file(unsigned.path.parent)
    with _discarded_on_error(path), unsigned.path.open("rb") as source, path.open("wb") as out:
        insert_signature(source, out, signature=signature, reading=reading)
    return _measured(path)


def _fresh_file(directory: Path) -> Path:
    with disk_refusals():
        descriptor, name = tempfile.mkstemp(dir=directory, prefix="built-")
        os.close(descriptor)
    return Path(name)


@contextmanager
def _discarded_on_error(path: Path) -> Iterator[None]:
    try:
        with disk_refusals():
            yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _measured(path: Path) -> SpooledFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return SpooledFile(path=path, size=path.stat().st_size, sha256=Sha256(digest.hexdigest()))
