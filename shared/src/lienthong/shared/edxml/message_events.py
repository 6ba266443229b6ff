"""Listens to an edXML file: sends each event to the element tree, to the signed parts and to the attachment at hand."""

from enum import Enum, auto

from lienthong.shared.edxml.attachment_stream import AttachmentStream, EncodedFacts
from lienthong.shared.edxml.element_tree import ElementTree
from lienthong.shared.edxml.errors import BadBase64, TextExceeded, WrongNamespace, WrongRoot
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.reading import QCVN, XMLDSIG, is_essential
from lienthong.shared.edxml.signed_parts import ID_ATTRIBUTE, SignedParts
from lienthong.shared.edxml.vocabulary import PATH_ATTACHMENT, PATH_ATTACHMENTS, PATH_HEADER
from lienthong.shared.edxml.xml_stream import Name, StartTag, XMLStream

_XLINK = "http://www.w3.org/1999/xlink"
_SIGNATURES = frozenset({(QCVN, "Signature"), (QCVN, "DigitalSignature"), (XMLDSIG, "Signature")})


class _Encoded(Enum):
    """Where the file is, with regard to the base64 of an attachment."""

    OUTSIDE = auto()
    INSIDE = auto()
    PASSED = auto()
    """After the first markup, which must be the end tag."""


class MessageEvents:
    """What is gathered while an edXML file streams past; whole once the file has ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._state = _Encoded.OUTSIDE
        self._attachment: AttachmentStream | None = None
        self._path: list[str] = []  # of every open element, whole
        self._attachments = 0
        self.stream = XMLStream(self, limits=limits)
        self.tree = ElementTree(limits)
        self.parts = SignedParts(limits)
        self.encoded: list[EncodedFacts] = []
        self.unidentified: list[str] = []
        self.header_end_offset = 0

    @property
    def in_encoded(self) -> bool:
        """Whether the next bytes of the file are base64: up to the next ``<``."""
        return self._state is _Encoded.INSIDE

    def feed_encoded(self, data: bytes) -> None:
        """Bytes of base64, which the parser must not see."""
        if self._attachment is None:
            self._attachment = AttachmentStream(self._attachments, self.stream.consumed, self._limits)
        self.parts.raw_text(data)
        self._attachment.feed(data)
        self.stream.skip(data)

    def end_encoded(self) -> None:
        """The base64 has ended: markup follows."""
        self._state = _Encoded.PASSED

    def start(self, tag: StartTag) -> None:
        """An element opens."""
        self._refuse_in_encoded()
        name = _known_name(tag.name)
        if not self._path:
            _check_root(tag.name, self.stream)
        name_here = self._numbered(name)
        path = f"{self._path[-1]}/{name_here}" if self._path else name_here
        self._path.append(path)
        if not self.parts.in_signature and self._is_signature(tag.name):
            self.parts.begin_signature(tag.name.namespace)
        elif len(self._path) > 1 and not self.parts.in_signature:
            self._start_content(tag, name, path)
        self.parts.start(tag, path)

    def end(self, name: Name) -> None:
        """An element closes."""
        if self._state is not _Encoded.OUTSIDE:
            self._finish_attachment()
        in_signature = self.parts.in_signature
        self.parts.end(name)
        if not in_signature and len(self._path) > 1:
            self.tree.end()
        if self._path.pop() == PATH_HEADER:
            self.header_end_offset = self.stream.offset

    def text(self, text: str) -> None:
        """Text outside attachments."""
        if self._state is not _Encoded.OUTSIDE:
            self._refuse_in_encoded()
        self.parts.text(text)
        if not self.parts.in_signature:
            self.tree.text(text, self.stream.where)

    def instruction(self, target: str, data: str) -> None:
        """A processing instruction."""
        self._refuse_in_encoded()
        self.parts.instruction(target, data)

    def comment(self) -> None:
        """A comment: it says nothing, but it may not stand in base64."""
        self._refuse_in_encoded()

    def _start_content(self, tag: StartTag, name: str, path: str) -> None:
        href = self._attribute(tag, _XLINK, "href") if name == "Reference" else ""
        self.tree.start(name, path=path, where=self.stream.where, href=href)
        if is_essential(path) and not self._attribute(tag, "", ID_ATTRIBUTE):
            self.unidentified.append(path)
        if name == "ContentTransferEncoded" and path == f"{PATH_ATTACHMENT}[{self._attachments}]/{name}":
            self._state = _Encoded.INSIDE

    def _numbered(self, name: str) -> str:
        """Attachments are numbered where they are read; elsewhere the name is unknown and stays."""
        if name != "Attachment" or self._path[-1:] != [PATH_ATTACHMENTS]:
            return name
        self._attachments += 1
        return f"{name}[{self._attachments}]"

    def _is_signature(self, name: Name) -> bool:
        return (name.namespace, name.local) in _SIGNATURES and self._path[-2:-1] == [PATH_HEADER]

    def _attribute(self, tag: StartTag, namespace: str, local: str) -> str:
        value = next((value for name, value in tag.attributes if name[:2] == (namespace, local)), "")
        if len(value) > self._limits.text:
            raise TextExceeded(f"Shorten the attribute {local}.", facts={"limit": self._limits.text})
        return value

    def _finish_attachment(self) -> None:
        if self._attachment is None:
            self.feed_encoded(b"")
        if self._attachment is not None:
            self.encoded.append(self._attachment.finish())
        self._attachment = None
        self._state = _Encoded.OUTSIDE

    def _refuse_in_encoded(self) -> None:
        if self._state is not _Encoded.OUTSIDE:
            raise BadBase64(
                "Write nothing but base64 in ContentTransferEncoded: no elements, comments or CDATA.",
                facts={"attachment": self._attachments, **self.stream.where()},
            )


def _known_name(name: Name) -> str:
    return name.local if name.namespace == QCVN else f"{{{name.namespace}}}{name.local}"


def _check_root(name: Name, stream: XMLStream) -> None:
    if name.namespace != QCVN:
        raise WrongNamespace(
            f"Write the package in the namespace {QCVN}.",
            facts={"namespace": name.namespace[:200], **stream.where()},
        )
    if name.local != "edXML":
        raise WrongRoot(
            "Put the envelope into a root element edXML.", facts={"root": name.local[:200], **stream.where()}
        )
