"""Writes edXML files: the Java dialect, strictly, attachments streamed. The same input gives the same bytes."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape

from lienthong.shared.edxml import media_types
from lienthong.shared.edxml.attachment_stream import SENT_AS_THEY_ARE
from lienthong.shared.edxml.base64_stream import Base64Writer
from lienthong.shared.edxml.header_writing import document_header, group, status_header, text
from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.model import DocumentHeader, StatusHeader
from lienthong.shared.edxml.reading import QCVN
from lienthong.shared.edxml.sending_rules import check_document, check_names, check_status

_CHUNK_BYTES = 3 * 64 * 1024  # whole groups of base64
_PROLOG = f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{QCVN}"><edXML:edXMLEnvelope xmlns:edXML="{QCVN}">'
_ENVELOPE_END = "</edXML:edXMLEnvelope>"
_ROOT_END = "</edXML>"
_ENCODED = "ContentTransferEncoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentSource:
    """A file to attach."""

    path: Path
    name: str
    """Its true name, at most 255 characters, without folders."""
    content_type: str
    """Label of a file that is sent as it is; a wrapped one is labelled as a ZIP."""
    description: str = ""
    """Empty: the name."""

    @property
    def is_wrapped(self) -> bool:
        """Whether the file is sent in a ZIP of its own, as the national Java library does."""
        return PurePosixPath(self.name.lower()).suffix not in SENT_AS_THEY_ARE

    @property
    def label(self) -> str:
        """The declared content type."""
        return media_types.ZIP if self.is_wrapped else self.content_type


def write_document(
    header: DocumentHeader, attachments: Sequence[AttachmentSource], out: BinaryIO, *, with_ids: bool = False
) -> None:
    """Writes a document.

    Args:
        header: What it says.
        attachments: Its files, in order; read in pieces.
        out: Takes the edXML file, UTF-8.
        with_ids: Give MessageHeader, Bussiness, edXMLManifest and every Attachment an ``Id`` for a signature.

    Raises:
        NotWritable: The header or a name breaks a rule for sending; nothing is written then.
    """
    check_document(header)
    check_names([attachment.name for attachment in attachments])
    out.write(_PROLOG.encode())
    out.write(document_header(header, with_ids=with_ids).encode())
    manifest = "".join(_reference(n, attachment) for n, attachment in enumerate(attachments, 1))
    out.write(group("edXMLBody", _manifest(manifest, with_ids=with_ids)).encode())
    out.write(f"{_ENVELOPE_END}<AttachmentEncoded>".encode())
    for n, attachment in enumerate(attachments, 1):
        _write_attachment(n, attachment, out, with_ids=with_ids, seed=header.document_id)
    out.write(f"</AttachmentEncoded>{_ROOT_END}".encode())


def write_status(header: StatusHeader, out: BinaryIO, *, with_ids: bool = False) -> None:
    """Writes a status message. Raises :class:`NotWritable`; nothing is written then."""
    check_status(header)
    message = status_header(header, with_ids=with_ids)
    out.write(f"{_PROLOG}{message}{_ENVELOPE_END}{_ROOT_END}".encode())


def _manifest(references: str, *, with_ids: bool) -> str:
    identified = ' Id="edXMLManifest"' if with_ids else ""
    return f'<edXML:edXMLManifest version="1.0"{identified}>{references}</edXML:edXMLManifest>'


def _reference(n: int, attachment: AttachmentSource) -> str:
    return group(
        "Reference",
        (
            text("ContentId", f"cid:{n}"),
            text("ContentType", attachment.label),
            text("Description", attachment.description or attachment.name),
            text("AttachmentName", attachment.name),
        ),
    )


def _write_attachment(n: int, attachment: AttachmentSource, out: BinaryIO, *, with_ids: bool, seed: str) -> None:
    identified = f' Id="Attachment-{n}"' if with_ids else ""
    members = {
        "ContentId": f"cid:{n}",
        "AttachmentName": attachment.name,
        "Description": attachment.description or attachment.name,
        "ContentType": attachment.label,
    }
    out.write(f"<Attachment{identified}>".encode())
    out.writelines(f"<{name}>{escape(value)}</{name}>".encode() for name, value in members.items())
    out.write(f'<edXML:{_ENCODED} xmlns:edXML="{QCVN}">'.encode())
    with attachment.path.open("rb") as file, Base64Writer(out) as encoder:
        if attachment.is_wrapped:
            _wrap(file, attachment.name, encoder, seed=f"{seed}#{n}")
        else:
            encoder.writelines(_pieces(file))
    out.write(f"</edXML:{_ENCODED}></Attachment>".encode())


def _wrap(file: BinaryIO, name: str, out: Base64Writer, *, seed: str) -> None:
    """A ZIP with one entry ``<uuid>.<ext>``, always of the same bytes for the same input.

    A large file is put in as it is: those are images and archives mostly, and none can pass for a ZIP bomb then.
    """
    size = _file_size(file)
    level = 0 if size > LIMITS.zip_ratio_floor_bytes else zlib.Z_DEFAULT_COMPRESSION
    entry = f"{uuid5(NAMESPACE_URL, seed)}{PurePosixPath(name).suffix}"
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive,
        archive.open(entry, "w", force_zip64=size >= zipfile.ZIP64_LIMIT) as inner,
    ):
        inner.writelines(_pieces(file))


def _file_size(file: BinaryIO) -> int:
    """Bytes of an open file."""
    size = file.seek(0, 2)
    file.seek(0)
    return size


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece
