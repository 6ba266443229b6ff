"""Reads an edXML file in one pass, whatever its size, in bounded memory."""

from typing import IO

from lienthong.shared.edxml.attachment_index import check_references, inline_attachments, references
from lienthong.shared.edxml.element_tree import Node
from lienthong.shared.edxml.header_reading import HeaderReader
from lienthong.shared.edxml.limits import LIMITS, READ_CHUNK_BYTES, Limits
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.message_events import MessageEvents
from lienthong.shared.edxml.model import AttachmentIndex, PackageContent, Reference
from lienthong.shared.edxml.reading import PackageReading

_NEEDLE = b"ContentTransferEncoded"


def read_message(stream: IO[bytes], *, limits: Limits = LIMITS) -> PackageReading:
    """The reading of an edXML file.

    Args:
        stream: The file from its first byte.
        limits: What it may cost.

    Raises:
        EdXMLInvalid: The file breaks the form; leaves say how and where.
        LimitExceeded: It exceeds a limit.
    """
    message = MessageReading(stream, limits=limits)
    check_references(message.manifest, [attachment.content_id for attachment in message.attachments])
    return message.reading(message.attachments)


class MessageReading:
    """An edXML file that has been read; a container adds its own attachments before it becomes a reading."""

    def __init__(self, stream: IO[bytes], *, limits: Limits) -> None:
        self._events = _listen(stream, limits)
        root: Node = self._events.tree.root
        self._header_reader = HeaderReader()
        self._header = self._header_reader.header(root)
        self.warn = self._header_reader.warn
        self.manifest: tuple[Reference, ...] = references(root)
        self.attachments: tuple[AttachmentIndex, ...] = inline_attachments(
            root, self._events.encoded, manifest=self.manifest, limits=limits, warn=self.warn
        )

    def reading(self, attachments: tuple[AttachmentIndex, ...]) -> PackageReading:
        """The reading, with ``attachments`` for those of the file."""
        events = self._events
        return PackageReading(
            media_type=EDXML,
            content=PackageContent(
                header=self._header,
                references=self.manifest,
                attachments=attachments,
                unknown_elements=events.tree.unknown,
                warnings=self._header_reader.warnings,
            ),
            parts=events.parts.parts,
            signatures=tuple(events.parts.signatures),
            unidentified=tuple(events.unidentified),
            header_end_offset=events.header_end_offset,
        )


def _listen(stream: IO[bytes], limits: Limits) -> MessageEvents:
    events = MessageEvents(limits)
    rest = b""
    while chunk := stream.read(READ_CHUNK_BYTES):
        rest = _consume(events, rest + chunk, limits.token_bytes)
    events.stream.feed(rest)
    events.stream.close()
    return events


def _consume(events: MessageEvents, data: bytes, token_bytes: int) -> bytes:
    """Sends base64 to its decoder and all else to the parser; gives what must wait for more.

    The parser never sees base64: it would copy every byte several times, and its offsets count normalised text.
    """
    position = 0
    while position < len(data):
        if events.in_encoded:
            end = data.find(b"<", position)
            if end < 0:
                events.feed_encoded(data[position:])
                return b""
            events.feed_encoded(data[position:end])
            events.end_encoded()
            position = end
        cut, found = _next_cut(data, position)
        if cut == position and len(data) - position < token_bytes:
            return data[position:]
        events.stream.feed(data[position : cut if cut > position else len(data)])
        if not found:
            return data[cut:] if cut > position else b""
        position = cut
    return b""


def _next_cut(data: bytes, position: int) -> tuple[int, bool]:
    """Where the parser must pause: after a tag that names the base64, or before one that may begin here."""
    needle = data.find(_NEEDLE, position)
    if needle < 0:
        return max(position, len(data) - len(_NEEDLE) + 1), False
    end = data.find(b">", needle)
    return (needle, False) if end < 0 else (end + 1, True)
