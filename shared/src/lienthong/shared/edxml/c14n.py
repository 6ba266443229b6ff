"""XML canonicalisation of an element as a stream, driven by the events of :class:`.xml_stream.XMLStream`.

Source: Exclusive XML Canonicalization 1.0 (W3C, 2002), without comments and without an InclusiveNamespaces prefix list.
"""

from collections.abc import Callable, Iterable, Mapping

from lienthong.shared.edxml.xml_stream import Name, StartTag

_FLUSH_CHARACTERS = 32 * 1024
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_VALUE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})
_XML = "xml"


class Canonicalizer:
    """Writes the canonical form, in UTF-8, of one element and all that is in it.

    Args:
        write: Takes the pieces, in order.
        standalone: Declare every namespace that is in scope, not only those that an element visibly uses. What comes
            out is the element on its own: a parser gives it the same names, and canonicalising it the same forms.
    """

    def __init__(self, write: Callable[[bytes], object], *, standalone: bool = False) -> None:
        self._write = write
        self._standalone = standalone
        self._pieces: list[str] = []
        self._pending = 0
        self._rendered: list[dict[str, str]] = [{}]
        self._scopes: list[Mapping[str, str]] = [{}]
        self._raw_ends_in_cr = False

    def start(self, tag: StartTag) -> None:
        """An element opens; the first one is the apex."""
        rendered = self._rendered[-1]
        declare = self._undeclared(tag, rendered)
        self._scopes.append(tag.scope)
        self._rendered.append({**rendered, **declare} if declare else rendered)
        declarations = _declarations(declare) if declare else ""
        self._put(f"<{tag.name.qualified}{declarations}{_attributes(tag)}>")

    def _undeclared(self, tag: StartTag, rendered: Mapping[str, str]) -> dict[str, str]:
        """What the element must declare: of the prefixes that count, those that mean something else in the output."""
        scope = tag.scope
        if self._standalone:
            prefixes: Iterable[str] = () if scope is self._scopes[-1] else scope
        elif tag.attributes:
            prefixes = _utilised(tag)
        else:
            prefixes = (tag.name.prefix,)
        return {
            prefix: scope.get(prefix, "")
            for prefix in prefixes
            if prefix != _XML and rendered.get(prefix, "") != scope.get(prefix, "")
        }

    def end(self, name: Name) -> bool:
        """An element closes. Gives whether it was the apex: everything is written then."""
        self._rendered.pop()
        self._scopes.pop()
        self._put(f"</{name.qualified}>")
        if len(self._rendered) > 1:
            return False
        self._flush()
        return True

    def text(self, text: str) -> None:
        """Text, line ends normalised and references resolved."""
        self._put(text.translate(_TEXT))

    def raw_text(self, data: bytes) -> None:
        """Text as its bytes stand in the file: ASCII without markup or references, line ends as they are."""
        self._flush()
        if self._raw_ends_in_cr and data.startswith(b"\n"):
            data = data[1:]
        self._raw_ends_in_cr = data.endswith(b"\r") if data else self._raw_ends_in_cr
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._write(data)

    def instruction(self, target: str, data: str) -> None:
        """A processing instruction."""
        self._put(f"<?{target} {data}?>" if data else f"<?{target}?>")

    def _put(self, piece: str) -> None:
        self._pieces.append(piece)
        self._pending += len(piece)
        if self._pending >= _FLUSH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._pieces:
            self._write("".join(self._pieces).encode())
            self._pieces = []
            self._pending = 0


def _utilised(tag: StartTag) -> Iterable[str]:
    """Prefixes that the element visibly uses; an unprefixed attribute uses none. Source: section 1.1."""
    prefixes = {tag.name.prefix}
    prefixes.update(name.prefix for name, _ in tag.attributes if name.prefix)
    return prefixes


def _declarations(declare: dict[str, str]) -> str:
    return "".join(
        f' xmlns:{prefix}="{_value(declare[prefix])}"' if prefix else f' xmlns="{_value(declare[prefix])}"'
        for prefix in sorted(declare)
    )


def _attributes(tag: StartTag) -> str:
    """Sorted by namespace, then by local name; those without a namespace first. Source: Canonical XML 1.0 2.2."""
    if not tag.attributes:
        return ""
    ordered = sorted(tag.attributes, key=lambda item: (item[0].namespace, item[0].local))
    return "".join(f' {name.qualified}="{_value(value)}"' for name, value in ordered)


def _value(text: str) -> str:
    return text.translate(_VALUE)
