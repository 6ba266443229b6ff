"""Expat, made safe and bounded: namespace-aware events with byte offsets, and no document types."""

import pyexpat
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol
from xml.parsers.expat import errors as expat_errors

from lienthong.shared.edxml.errors import (
    DepthExceeded,
    DoctypeRefused,
    ElementsExceeded,
    EncodingRefused,
    Malformed,
    NotXML,
    TokenExceeded,
    UnboundPrefix,
)
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.errors import LienthongError

_SEPARATOR = "\x1f"  # no XML document can hold it
_ENCODINGS = frozenset({"utf-8", "us-ascii", "iso-8859-1"})
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_CACHED_NAMES = 4_096
_CACHED_CHARACTERS = 200
"""A longer name is taken apart each time: nobody fills the memory with names."""


class Name(NamedTuple):
    """A qualified name: ``prefix`` as the file has it, empty for none; ``namespace`` empty for none."""

    namespace: str
    local: str
    prefix: str

    @property
    def qualified(self) -> str:
        """``prefix:local``."""
        return f"{self.prefix}:{self.local}" if self.prefix else self.local


class StartTag(NamedTuple):
    """A start tag, or the start of an empty element."""

    name: Name
    attributes: tuple[tuple[Name, str], ...]
    scope: Mapping[str, str]
    """Prefix to namespace, of all declarations in scope; the prefix of the default namespace is empty."""


class Events(Protocol):
    """Who listens to an :class:`XMLStream`."""

    def start(self, tag: StartTag) -> None:
        """An element opens."""

    def end(self, name: Name) -> None:
        """An element closes."""

    def text(self, text: str) -> None:
        """A piece of text, line ends normalised."""

    def instruction(self, target: str, data: str) -> None:
        """A processing instruction inside the root element."""

    def comment(self) -> None:
        """A comment."""


class XMLStream:
    """Parses what it is fed; the listener hears of it at once."""

    def __init__(self, listener: Events, *, limits: Limits) -> None:
        self._listener = listener
        self._limits = limits
        self._fed = self._skipped = self._skipped_lines = self._elements = 0
        self._scopes: list[Mapping[str, str]] = [{}]
        self._declared: dict[str, str] = {}
        self._parser = self._new_parser()

    def _new_parser(self) -> pyexpat.XMLParserType:
        parser = pyexpat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.namespace_prefixes = True
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._listener.text
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.XmlDeclHandler = self._declaration
        set_deferral = getattr(parser, "SetReparseDeferralEnabled", None)
        if set_deferral is not None:  # expat 2.6 would report tags late; tokens are bounded here instead
            set_deferral(False)
        return parser

    @property
    def offset(self) -> int:
        """Bytes from the start of the file to the event that is being reported."""
        return self._parser.CurrentByteIndex + self._skipped

    def where(self) -> dict[str, object]:
        """Facts for an error: ``offset`` in bytes and ``line``, and ``column`` where it is known."""
        facts: dict[str, object] = {
            "offset": self.offset,
            "line": self._parser.CurrentLineNumber + self._skipped_lines,
        }
        if not self._skipped:
            facts["column"] = self._parser.CurrentColumnNumber + 1
        return facts

    @property
    def consumed(self) -> int:
        """Bytes of the file that were fed or skipped."""
        return self._fed + self._skipped

    def feed(self, data: bytes) -> None:
        """Parses the next bytes of the file. Raises leaves of ``EdXMLInvalid`` and ``LimitExceeded``."""
        if not self._fed and data[:2] in _UTF16:
            raise EncodingRefused("Write the edXML file in UTF-8: it is in UTF-16.")
        self._parse(data, final=False)
        if self._fed - self._parser.CurrentByteIndex > self._limits.token_bytes:
            raise TokenExceeded(
                "A tag, comment or instruction is too long.",
                facts={"limit": self._limits.token_bytes, **self.where()},
            )

    def skip(self, data: bytes) -> None:
        """Counts bytes of the file that the caller handled itself, between two tags."""
        self._skipped += len(data)
        if b"\n" in data:
            self._skipped_lines += data.count(b"\n")

    def close(self) -> None:
        """Ends the file. Raises :class:`Malformed` if it is cut short."""
        self._parse(b"", final=True)

    def _parse(self, data: bytes, *, final: bool) -> None:
        self._fed += len(data)
        try:
            self._parser.Parse(data, final)
        except pyexpat.ExpatError as error:
            raise self._translated(error) from error

    def _translated(self, error: pyexpat.ExpatError) -> LienthongError:
        reason = pyexpat.ErrorString(error.code)
        facts = self.where()
        if reason == expat_errors.XML_ERROR_UNBOUND_PREFIX:
            return UnboundPrefix(
                "Declare every namespace prefix (such as xlink) on the element that uses it, or above.", facts=facts
            )
        if reason in {expat_errors.XML_ERROR_UNKNOWN_ENCODING, expat_errors.XML_ERROR_INCORRECT_ENCODING}:
            return EncodingRefused("Write the edXML file in UTF-8, and declare that.", facts=facts)
        if not self._elements:
            return NotXML(
                "Begin the file with its XML declaration or its root element: other bytes stand before it.", facts=facts
            )
        return Malformed(f"Make the file well-formed XML: {reason}.", facts={**facts, "reason": reason})

    def _start(self, expat_name: str, flat: list[str]) -> None:
        self._elements += 1
        if self._elements > self._limits.elements or len(flat) > 2 * self._limits.attributes_per_element:
            raise ElementsExceeded(
                "The package has too many elements, or an element too many attributes.",
                facts={"limit": self._limits.elements, **self.where()},
            )
        if len(self._scopes) > self._limits.depth:
            raise DepthExceeded("Elements are nested too deeply.", facts={"limit": self._limits.depth, **self.where()})
        scope = self._scopes[-1]
        if self._declared:
            scope = {**scope, **self._declared}
            self._declared = {}
        self._scopes.append(scope)
        pairs = zip(flat[::2], flat[1::2], strict=True) if flat else ()
        attributes = tuple([(_name(name), value) for name, value in pairs])
        self._listener.start(StartTag(_name(expat_name), attributes, scope))

    def _end(self, expat_name: str) -> None:
        self._scopes.pop()
        self._listener.end(_name(expat_name))

    def _declare(self, prefix: str | None, namespace: str | None) -> None:
        if len(self._declared) >= self._limits.attributes_per_element:
            raise ElementsExceeded(
                "An element declares too many namespaces.", facts={"limit": self._limits.attributes_per_element}
            )
        self._declared[prefix or ""] = namespace or ""

    def _instruction(self, target: str, data: str) -> None:
        if len(self._scopes) > 1:
            self._listener.instruction(target, data)

    def _comment(self, _text: str) -> None:
        self._listener.comment()

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise EncodingRefused("Write the edXML file in UTF-8, and declare that.", facts={"encoding": encoding[:40]})

    def _refuse_doctype(self, *_declaration: object) -> None:
        raise DoctypeRefused("Remove the <!DOCTYPE …> declaration and its entities.", facts=self.where())


def _name(expat_name: str) -> Name:
    return _known(expat_name) if len(expat_name) <= _CACHED_CHARACTERS else _split(expat_name)


@lru_cache(_CACHED_NAMES)
def _known(expat_name: str) -> Name:
    """The same few hundred names stand in every package."""
    return _split(expat_name)


def _split(expat_name: str) -> Name:
    match expat_name.split(_SEPARATOR):
        case [namespace, local, prefix]:
            return Name(namespace, local, prefix)
        case [namespace, local]:
            return Name(namespace, local, "")
        case _:
            return Name("", expat_name, "")
