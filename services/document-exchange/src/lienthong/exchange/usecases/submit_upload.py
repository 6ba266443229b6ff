"""Submits a complete upload as a package: like any submission, once.

What a power cut does: the bytes are linked into the spool, not moved, so that until the document is committed the
upload is what it was; after the commit the repeat gets the same receipt, and only then the upload's own name goes.
"""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path

from lienthong.exchange.domain.submission import Sender, idempotency_key
from lienthong.exchange.domain.uploads import Upload, UploadConsumed, require_complete
from lienthong.exchange.storage.uploads import consume_upload, keep_digest
from lienthong.exchange.usecases.amended_documents import NamedOriginal
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.receive_upload import held_upload, path_of, see_upload
from lienthong.exchange.usecases.submit_document import (
    Submission,
    Submitted,
    asked_sha256,
    earlier_submission,
    submit_document,
)
from lienthong.shared.clients.node import DigestMismatch
from lienthong.shared.identifiers import Sha256, new_uuid
from lienthong.shared.partial_file import read_through
from lienthong.shared.spooling import SpooledFile, disk_refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOrder:
    """What to submit. ``sha256``: what the bytes must be, if the client says so."""

    upload: str
    sha256: Sha256 | None
    sender: Sender
    key: str | None
    expires_at: datetime | None = None
    amends: NamedOriginal | None = None


async def submit_upload(order: UploadOrder, process: Process) -> Submitted:
    """Takes the package over, or answers as before.

    Raises:
        UploadNotFound, UploadIncomplete, UploadBusy: There is nothing to submit, or not now.
        UploadConsumed: It was submitted under another key.
        DigestMismatch: The bytes are not those that the client means.
        LienthongError: What :func:`~.submit_document.submit_document` raises.
    """
    client_id = order.sender.client_id
    upload = await see_upload(order.upload, client_id, process)
    require_complete(upload)
    if upload.is_consumed:
        return await _as_before(upload, order, process)
    async with held_upload(order.upload, client_id, process) as (upload, file):
        if upload.is_consumed:
            return await _as_before(upload, order, process)
        require_complete(upload)
        sha256 = upload.sha256 or await _hashed(upload, file, process)
        _require_meant(sha256, order)
        with await asyncio.to_thread(_linked, upload, sha256, process) as spooled:
            submission = Submission(
                spooled=spooled,
                media_type=upload.media_type,
                sender=order.sender,
                key=order.key,
                request_sha256=sha256,
                expires_at=order.expires_at,
                amends=order.amends,
            )
            submitted = await submit_document(submission, process)
        await _consume(upload, process)
    return submitted


async def _as_before(upload: Upload, order: UploadOrder, process: Process) -> Submitted:
    if upload.sha256 is not None:
        _require_meant(upload.sha256, order)
        key = idempotency_key(order.key, upload.sha256)
        earlier = await earlier_submission(
            order.sender.client_id, key, process, asked=asked_sha256(upload.sha256, order.expires_at)
        )
        if earlier is not None:
            return earlier
    raise UploadConsumed("The upload was submitted before, under another Idempotency-Key.")


async def _hashed(upload: Upload, file: FileIO, process: Process) -> Sha256:
    digest = hashlib.sha256()
    with disk_refusals():
        await asyncio.to_thread(read_through, file, digest.update)
    sha256 = Sha256(digest.hexdigest())
    async with process.database.begin() as connection:
        await keep_digest(connection, upload.id, sha256)
    return sha256


def _require_meant(sha256: Sha256, order: UploadOrder) -> None:
    if order.sha256 not in {None, sha256}:
        raise DigestMismatch("The uploaded bytes are not those that you name; begin the upload anew.")


def _linked(upload: Upload, sha256: Sha256, process: Process) -> SpooledFile:
    """A second name for the bytes, in the spool: taking it over leaves the upload as it is."""
    path: Path = process.settings.spool_dir / f"uploaded-{new_uuid()}"
    with disk_refusals():
        os.link(path_of(upload.id, process), path)
    return SpooledFile(path=path, size=upload.size, sha256=sha256)


async def _consume(upload: Upload, process: Process) -> None:
    async with process.database.begin() as connection:
        await consume_upload(connection, upload.id)
    await asyncio.to_thread(path_of(upload.id, process).unlink, missing_ok=True)
