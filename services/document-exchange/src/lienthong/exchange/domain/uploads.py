"""Uploads that resume: what their headers say, and what may be done with one. Pure.

Source: tus resumable upload protocol 1.0.0, core and the extensions creation, expiration, checksum, termination.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from lienthong.exchange.errors import UnsupportedMediaType
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.errors import Conflict, InvalidInput, NotFound, TooMany, Unavailable, Verification
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import PackageTooLarge

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_UPLOADS: Final = 20
"""Uploads of one client that are not submitted yet."""
IDLE_LIFETIME: Final = timedelta(days=2)
"""How long an upload is kept after its last byte."""
LONGEST_LIFETIME: Final = timedelta(days=7)
"""How long it is kept at most after it was begun."""
MAX_METADATA_LENGTH: Final = 4096
"""Characters of ``Upload-Metadata``."""
MEDIA_TYPE_KEY: Final = "filetype"
"""Where clients of tus say what a file is."""
CHECKSUMS: Final = ("sha256", "sha1")
"""Algorithms of ``Upload-Checksum``; SHA-1 because the protocol demands it: it finds errors, it protects nothing."""
_NUMBER = re.compile(r"[0-9]{1,18}")
_BUSY_FOR: Final = timedelta(seconds=1)


class UploadNotFound(NotFound):
    """There is no such upload, it is another client's, or its time is over."""

    code = "upload-not-found"
    title = "No such upload"


class UploadBusy(Unavailable):
    """Another request writes to the upload, or submits it."""

    code = "upload-busy"
    title = "The upload is in use"


class UploadMalformed(InvalidInput):
    """A header of the request is missing or has not the form that tus gives it, or the body is longer than declared."""

    code = "upload-malformed"
    title = "The request is not one of the tus protocol"


class TusVersionUnsupported(InvalidInput):
    """``Tus-Resumable`` names another version than 1.0.0, or is missing. HTTP status 412."""

    code = "tus-version-unsupported"
    title = "That version of tus is not spoken here"


class UploadOffsetMismatch(Conflict):
    """``Upload-Offset`` is not where the upload stands; ask with HEAD."""

    code = "upload-offset-mismatch"
    title = "The upload stands elsewhere"


class UploadIncomplete(Conflict):
    """The upload is not whole yet."""

    code = "upload-incomplete"
    title = "The upload is not complete"


class UploadConsumed(Conflict):
    """The upload was submitted before, under another idempotency key."""

    code = "upload-consumed"
    title = "The upload was submitted before"


class TooManyUploads(TooMany):
    """The client has begun too many uploads and submitted none of them."""

    code = "too-many-uploads"
    title = "Too many uploads at once"


class UploadChecksumMismatch(Verification):
    """The bytes of this request are not those that its checksum is of; none of them were kept. HTTP status 460."""

    code = "upload-checksum-mismatch"
    title = "The checksum differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload. ``offset``: bytes that are durable; ``sha256``: of all, once they were hashed."""

    id: str
    client_id: str
    media_type: str
    metadata: str
    """``Upload-Metadata`` as it came."""
    size: int
    offset: int
    sha256: Sha256 | None
    created_at: datetime
    expires_at: datetime
    is_consumed: bool
    """It was submitted; its bytes are the package's now."""

    @property
    def is_complete(self) -> bool:
        """Whether every byte is here."""
        return self.offset == self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the bytes of one request must hash to."""

    algorithm: str
    digest: bytes

    def begin(self) -> "_Hash":
        """A hash to feed."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def require(self, found: "_Hash") -> None:
        """Raises :class:`UploadChecksumMismatch`."""
        if found.digest() != self.digest:
            raise UploadChecksumMismatch("The bytes differ from their checksum; send them again from the same offset.")


def declared_size(header: str | None, *, limit_bytes: int) -> int:
    """``Upload-Length``. Raises :class:`UploadMalformed`, :class:`~lienthong.shared.spooling.PackageTooLarge`."""
    size = number_of("Upload-Length", header)
    if not size:
        raise UploadMalformed("An empty file is no package.", facts={"header": "Upload-Length"})
    if size > limit_bytes:
        raise PackageTooLarge(
            f"The upload declares {size} bytes; at most {limit_bytes} are taken.",
            facts={"limit_bytes": limit_bytes, "declared_bytes": size},
        )
    return size


def number_of(name: str, header: str | None) -> int:
    """A header that holds a number of bytes. Raises :class:`UploadMalformed`."""
    if header is None or not _NUMBER.fullmatch(header):
        raise UploadMalformed(f"Send {name}: a number of bytes.", facts={"header": name})
    return int(header)


def media_type_of(metadata: str) -> str:
    """The package's media type, from ``Upload-Metadata``: pairs of a key and a value in base64.

    Raises:
        UploadMalformed: It does not read.
        UnsupportedMediaType: ``filetype`` is missing or no package's.
    """
    if len(metadata) > MAX_METADATA_LENGTH:
        raise UploadMalformed(
            f"Upload-Metadata has at most {MAX_METADATA_LENGTH} characters.", facts={"header": "Upload-Metadata"}
        )
    pairs: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in metadata.split(","))):
        key, _, value = pair.partition(" ")
        try:
            pairs[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UploadMalformed("Upload-Metadata does not read.", facts={"header": "Upload-Metadata"}) from error
    found = pairs.get(MEDIA_TYPE_KEY, "").partition(";")[0].strip().lower()
    if found not in {EDXML, ASICE}:
        raise UnsupportedMediaType(
            f"Say in Upload-Metadata, under {MEDIA_TYPE_KEY}, that the file is {EDXML} or {ASICE}.",
            facts={"accepted": [EDXML, ASICE]},
        )
    return found


def checksum_of(header: str | None) -> Checksum | None:
    """``Upload-Checksum``: an algorithm and a digest in base64. Raises :class:`UploadMalformed`."""
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if algorithm not in CHECKSUMS or not digest:
        raise UploadMalformed(
            f"Send Upload-Checksum as one of {', '.join(CHECKSUMS)} and the digest in base64.",
            facts={"header": "Upload-Checksum"},
        )
    return Checksum(algorithm=algorithm, digest=digest)


def expiry(created_at: datetime, *, now: datetime) -> datetime:
    """When an upload that gets bytes now is given up."""
    return min(now + IDLE_LIFETIME, created_at + LONGEST_LIFETIME)


def require_few(open_uploads: int) -> None:
    """Raises :class:`TooManyUploads`."""
    if open_uploads >= MAX_UPLOADS:
        raise TooManyUploads(
            f"Submit or end one of your {MAX_UPLOADS} uploads first.",
            retry_after=timedelta(minutes=1),
            facts={"limit": MAX_UPLOADS},
        )


def require_offset(upload: Upload, offset: int) -> None:
    """Raises :class:`UploadOffsetMismatch` with where the upload stands."""
    if offset != upload.offset:
        raise UploadOffsetMismatch(
            f"The upload stands at {upload.offset}; go on from there.", facts={"offset": upload.offset}
        )


def require_complete(upload: Upload) -> None:
    """Raises :class:`UploadIncomplete`."""
    if not upload.is_complete:
        raise UploadIncomplete(
            f"{upload.offset} of {upload.size} bytes are here; send the rest first.",
            facts={"offset": upload.offset, "size": upload.size},
        )


def busy() -> UploadBusy:
    """The refusal of a second request for one upload."""
    return UploadBusy("Another request uses the upload; try again.", retry_after=_BUSY_FOR)


def no_such_upload() -> UploadNotFound:
    """The refusal that says nothing about others' uploads."""
    return UploadNotFound("You have no such upload here, or its time is over; begin anew.")
