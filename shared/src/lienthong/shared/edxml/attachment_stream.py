"""One attachment, decoded, hashed, sniffed and looked into while its base64 streams past."""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from lienthong.shared.edxml import media_types
from lienthong.shared.edxml.base64_stream import Base64Decoder, NotBase64
from lienthong.shared.edxml.errors import BadBase64, PDFDamaged, ZipEntries
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.model import Encoding
from lienthong.shared.edxml.sniffing import FileFacts, FileProbe, refine
from lienthong.shared.edxml.zip_stream import Kind, ZipFacts, ZipProbe

SENT_AS_THEY_ARE = frozenset({".pdf", ".doc", ".docx", ".xls", ".xlsx", ".zip"})
"""Extensions that the national Java library does not wrap in a ZIP."""
_NEVER_WRAPPED = frozenset({".zip", ".docx", ".xlsx"})
_ZIP_SUFFIXES = frozenset({".docm", ".xlsm", ".pptx", ".odt", ".ods", ".odp", ".jar", ".asice", ".sce"})
"""Extensions of files that are ZIPs themselves: unwrapped only from a ZIP of the national Java library's making."""
_WRAPPED_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[^./]+)?", re.IGNORECASE)
"""``<uuid>.<ext>``: how the national Java library names the single entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedFacts:
    """What stands in one ``ContentTransferEncoded``, before it is known what the attachment is called."""

    offset: int
    encoded_size: int
    outer: FileFacts
    zip: ZipFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFile:
    """The file that an attachment is."""

    facts: FileFacts
    encoding: Encoding
    content_type: str


class AttachmentStream:
    """Takes the base64 of one attachment.

    Args:
        number: Of the attachment in the package, for errors.
        offset: Bytes from the start of the package to its base64.
        limits: Bounds of unwrapping.
    """

    def __init__(self, number: int, offset: int, limits: Limits) -> None:
        self._number = number
        self._offset = offset
        self._encoded_size = 0
        self._decoder = Base64Decoder()
        self._outer = FileProbe()
        self._zip = ZipProbe(limits)

    def feed(self, data: bytes) -> None:
        """The next bytes of the base64. Raises :class:`BadBase64`."""
        try:
            decoded = self._decoder.feed(data)
        except NotBase64 as error:
            raise self._bad(error) from error
        self._encoded_size += len(data)
        if decoded:
            self._outer.feed(decoded)
            self._zip.feed(decoded)

    def finish(self) -> EncodedFacts:
        """What the base64 holds. Raises :class:`BadBase64` if it is cut short."""
        try:
            self._decoder.finish()
        except NotBase64 as error:
            raise self._bad(error) from error
        return EncodedFacts(
            offset=self._offset,
            encoded_size=self._encoded_size,
            outer=self._outer.finish(),
            zip=self._zip.finish(),
        )

    def _bad(self, error: NotBase64) -> BadBase64:
        facts: dict[str, object] = {"attachment": self._number}
        if error.index is not None:
            facts["offset"] = self._offset + self._encoded_size + error.index
        return BadBase64(
            "Encode the attachment in base64 (RFC 4648, with padding): another character stands in it, "
            "or it is cut short.",
            facts=facts,
        )


def resolve(encoded: EncodedFacts, *, name: str, number: int) -> ResolvedFile:
    """The file, unwrapped if the ZIP is only a wrapper.

    A ZIP is a wrapper when it holds one file and the attachment's name is not that of a ZIP. A real ZIP and an office
    file are kept as they are and not looked into.

    Raises:
        EdXMLInvalid: A wrapper is dangerous, damaged or holds several files, or a PDF is damaged.
        LimitExceeded: A wrapped file is too large.
    """
    facts, encoding = _kept(encoded), Encoding.BASE64
    if facts.content_type == media_types.ZIP and _may_wrap(name, encoded.zip):
        if encoded.zip.problem is not None:
            encoded.zip.problem.facts["attachment"] = number
            raise encoded.zip.problem
        if encoded.zip.kind is Kind.SEVERAL_ENTRIES and _is_wrapped_name(encoded.zip):
            raise ZipEntries(
                "Wrap one file in one ZIP, or name the attachment .zip if it is an archive.",
                facts={"attachment": number},
            )
        if encoded.zip.file is not None:
            facts, encoding = encoded.zip.file, Encoding.BASE64_ZIP
    if facts.damaged:
        raise PDFDamaged(
            "Send the PDF as bytes: it was read as text and written again, so that its bytes are lost.",
            facts={"attachment": number, "name": name},
        )
    return ResolvedFile(facts=facts, encoding=encoding, content_type=refine(facts.content_type, name))


def _kept(encoded: EncodedFacts) -> FileFacts:
    """The file as it is; a ZIP of one file is never an office file, whatever names stand in that file's bytes."""
    return encoded.outer if encoded.zip.file is None else replace(encoded.outer, content_type=media_types.ZIP)


def _may_wrap(name: str, found: ZipFacts) -> bool:
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in _NEVER_WRAPPED or found.kind is Kind.NOT_ZIP:
        return False
    return _is_wrapped_name(found) or (bool(suffix) and suffix not in _ZIP_SUFFIXES)


def _is_wrapped_name(found: ZipFacts) -> bool:
    return _WRAPPED_NAME.fullmatch(found.entry_name) is not None
