"""An ASiC-E container as a package: one edXML message at its root, whose references may name other files in it."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

from lienthong.shared.edxml.attachment_index import check_references, clean_name, content_key, warn_of_label
from lienthong.shared.edxml.attachment_stream import ResolvedFile
from lienthong.shared.edxml.container import META_INF, MIMETYPE, Container, Entry
from lienthong.shared.edxml.errors import ContainerInvalid, PDFDamaged
from lienthong.shared.edxml.limits import LIMITS, Limits
from lienthong.shared.edxml.media_types import ASICE
from lienthong.shared.edxml.model import AttachmentIndex, Encoding, Reference
from lienthong.shared.edxml.reader import MessageReading
from lienthong.shared.edxml.reading import ContainerEntry, PackageReading
from lienthong.shared.edxml.sniffing import refine

_SIGNATURES = ("META-INF/*signatures*.xml", "META-INF/*signature*.p7s")
"""XAdES and CAdES signatures. Source: ETSI EN 319 162-1 clauses 4.4.3.2 and 4.4.4.2."""


def read_container(path: Path, *, limits: Limits = LIMITS) -> PackageReading:
    """The reading of an ASiC-E container; its signatures are listed among the entries and not looked into.

    Raises:
        EdXMLInvalid: The container, or the message in it, breaks the form.
        LimitExceeded: It exceeds a limit.
    """
    with path.open("rb") as stream:
        container = Container(stream, limits=limits)
        message_entry = _message_entry(container.entries)
        _check_signed(container.entries)
        with container.open(message_entry) as file:
            message = MessageReading(file, limits=limits)
    inline = tuple(_shifted(attachment, message_entry) for attachment in message.attachments)
    referenced = _Referenced(container.entries, message, limits=limits)
    attachments = inline + referenced.attachments(first=len(inline) + 1)
    reading = message.reading(attachments)
    return replace(
        reading,
        media_type=ASICE,
        message_entry=message_entry.name,
        entries=_listed(container.entries),
    )


def foreign_entries(path: Path, *, limits: Limits = LIMITS) -> tuple[ContainerEntry, ...] | None:
    """The files of an ASiC-E container that is no package, as other programs make them; None: it holds a message.

    Raises:
        EdXMLInvalid: It breaks the form of a container.
        LimitExceeded: It exceeds a limit.
    """
    with path.open("rb") as stream:
        entries = Container(stream, limits=limits).entries
    return None if any(map(_is_message, entries)) else _listed(entries)


def _listed(entries: Sequence[Entry]) -> tuple[ContainerEntry, ...]:
    return tuple(ContainerEntry(name=one.name, size=one.facts.size, sha256=one.facts.sha256) for one in entries)


class _Referenced:
    """The files of the container that the manifest names."""

    def __init__(self, entries: Sequence[Entry], message: MessageReading, *, limits: Limits) -> None:
        self._payload = {
            entry.name: entry
            for entry in entries
            if not entry.name.startswith(META_INF) and entry.name != MIMETYPE and not _is_message(entry)
        }
        self._message = message
        self._limits = limits

    def attachments(self, *, first: int) -> tuple[AttachmentIndex, ...]:
        """Their index, numbered from ``first``. Raises :class:`.errors.AttachmentMissing`."""
        inline = [attachment.content_id for attachment in self._message.attachments]
        inline_keys = {content_key(content_id) for content_id in inline}
        named: dict[str, Reference] = {}
        for reference in self._message.manifest:
            name = self._entry_name(reference)
            if content_key(reference.content_id) not in inline_keys and name is not None:
                named.setdefault(name, reference)
        present = [ref.content_id for ref in self._message.manifest if self._entry_name(ref) is not None]
        check_references(self._message.manifest, [*inline, *present])
        if set(self._payload) - set(named):
            self._message.warn("attachment-not-in-manifest")
        numbered = enumerate(named.items(), first)
        return tuple(self._index(n, self._payload[name], reference) for n, (name, reference) in numbered)

    def _entry_name(self, reference: Reference) -> str | None:
        """``cid:`` and the entry's name, which may be percent-encoded as in any URI."""
        key = content_key(reference.content_id)
        return next((name for name in (key, unquote(key)) if name in self._payload), None)

    def _index(self, n: int, entry: Entry, reference: Reference) -> AttachmentIndex:
        warn = self._message.warn
        said = reference.attachment_name or entry.name.rsplit("/", 1)[-1]
        name = clean_name(said, limits=self._limits, warn=warn)
        if entry.facts.damaged:
            raise PDFDamaged(
                "Send the PDF as bytes: it was read as text and written again, so that its bytes are lost.",
                facts={"attachment": n, "entry": entry.name},
            )
        content_type = refine(entry.facts.content_type, name)
        file = ResolvedFile(facts=entry.facts, encoding=entry.encoding, content_type=content_type)
        warn_of_label(reference.content_type, file, warn)
        return AttachmentIndex(
            n=n,
            content_id=reference.content_id,
            name=name or f"attachment-{n}",
            description=reference.description,
            declared_content_type=reference.content_type,
            content_type=content_type,
            size=entry.facts.size,
            sha256=entry.facts.sha256,
            encoding=entry.encoding,
            offset=entry.offset,
            encoded_size=entry.encoded_size,
        )


def _is_message(entry: Entry) -> bool:
    return "/" not in entry.name and entry.name.lower().endswith(".edxml")


def _message_entry(entries: Sequence[Entry]) -> Entry:
    messages = [entry for entry in entries if _is_message(entry)]
    if len(messages) != 1:
        raise ContainerInvalid(
            "Put exactly one file *.edxml into the root of the container.",
            facts={"found": [entry.name for entry in messages[:10]]},
        )
    return messages[0]


def _check_signed(entries: Sequence[Entry]) -> None:
    if not any(fnmatchcase(entry.name, pattern) for entry in entries for pattern in _SIGNATURES):
        raise ContainerInvalid("Sign the container (META-INF/signatures.xml), or send the .edxml file by itself.")


def _shifted(attachment: AttachmentIndex, message: Entry) -> AttachmentIndex:
    """The offset from the start of the container; a deflated message has no such offsets."""
    if message.encoding is not Encoding.STORED:
        raise ContainerInvalid(
            "Store the .edxml file without compression, or put its attachments into the container as files.",
            facts={"entry": message.name},
        )
    return attachment.model_copy(update={"offset": message.offset + attachment.offset})
