"""The known elements of a package as plain values, gathered while they stream past, bounded and unambiguous."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lienthong.shared.edxml.errors import (
    AttachmentsExceeded,
    ElementRepeated,
    ElementUnclosed,
    RecipientsExceeded,
    TextExceeded,
)
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.vocabulary import ROOT, Element

Where = Callable[[], Mapping[str, object]]
"""Tells where in the file an error is, as facts."""


@dataclass(slots=True)
class Node:
    """A known element that holds others: the texts and the nodes in it, by local name, in order."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    nodes: dict[str, list["Node"]] = field(default_factory=dict)
    href: str = ""
    """The ``xlink:href`` of a Reference."""

    def text(self, name: str) -> str:
        """The text of a member, without white space around it; empty if it is missing."""
        values = self.texts.get(name)
        return values[0] if values else ""

    def all_texts(self, name: str) -> tuple[str, ...]:
        """The texts of a repeated member that say something."""
        return tuple(value for value in self.texts.get(name, ()) if value)

    def node(self, name: str) -> "Node | None":
        """A member that holds others."""
        nodes = self.nodes.get(name)
        return nodes[0] if nodes else None

    def all_nodes(self, name: str) -> list["Node"]:
        """A repeated member that holds others."""
        return self.nodes.get(name, [])


@dataclass(slots=True)
class _Frame:
    name: str
    element: Element
    node: Node
    pieces: list[str] = field(default_factory=list)
    characters: int = 0


class ElementTree:
    """Builds the tree below the root element. Unknown elements are listed and left out."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frames = [_Frame("edXML", ROOT, Node())]
        self._unknown: list[str] = []
        self._unknown_depth = 0
        self._characters = 0

    @property
    def root(self) -> Node:
        """The tree; whole once the file has ended."""
        return self._frames[0].node

    @property
    def unknown(self) -> tuple[str, ...]:
        """Paths of unknown elements, each once, in the order of the file; what is in them is not listed."""
        return tuple(self._unknown)

    def start(self, name: str, *, path: str, where: Where, href: str = "") -> None:
        """An element opens. ``name`` is the local name, in Clark notation if it is of another namespace."""
        parent = self._frames[-1]
        element = None if self._unknown_depth else parent.element.members.get(name)
        if element is None:
            self._start_unknown(name, path, where)
            return
        self._check_count(name, parent, where)
        self._frames.append(_Frame(name, element, Node(href=href)))

    def end(self) -> None:
        """The innermost element closes."""
        if self._unknown_depth:
            self._unknown_depth -= 1
            return
        frame = self._frames.pop()
        parent = self._frames[-1].node
        if frame.element.is_text:
            parent.texts.setdefault(frame.name, []).append("".join(frame.pieces).strip())
        else:
            parent.nodes.setdefault(frame.name, []).append(frame.node)

    def text(self, text: str, where: Where) -> None:
        """Text of the innermost element. Raises :class:`TextExceeded`."""
        self._characters += len(text)
        frame = self._frames[-1]
        frame.characters += len(text)
        limit = self._text_limit(frame.name)
        if frame.characters > limit or self._characters > self._limits.header_text:
            raise TextExceeded(
                f"Shorten the text of {frame.name}, or all text together.",
                facts={"limit": limit, "limit_of_all": self._limits.header_text, "element": frame.name, **where()},
            )
        if frame.element.is_text and not self._unknown_depth:
            frame.pieces.append(text)

    def _text_limit(self, name: str) -> int:
        if name == "DocumentId":
            return self._limits.document_id
        return self._limits.content_text if name == "Content" else self._limits.text

    def _start_unknown(self, name: str, path: str, where: Where) -> None:
        if not self._unknown_depth:
            if name == self._frames[-1].name:
                raise ElementUnclosed(
                    f"Close {name} before it is repeated: it opens inside itself.", facts={"path": path, **where()}
                )
            if path not in self._unknown and len(self._unknown) < self._limits.unknown_elements:
                self._unknown.append(path)
        self._unknown_depth += 1

    def _check_count(self, name: str, parent: _Frame, where: Where) -> None:
        count = len(parent.node.texts.get(name, ())) + len(parent.node.nodes.get(name, ()))
        if not parent.element.members[name].repeated:
            if count:
                raise ElementRepeated(
                    f"Write {name} once in {parent.name}: readers would disagree on which one counts.",
                    facts={"element": name, "parent": parent.name, **where()},
                )
        elif name == "To" and count >= self._limits.recipients:
            raise RecipientsExceeded("Send to fewer recipients at once.", facts={"limit": self._limits.recipients})
        elif name in {"Attachment", "Reference"} and count >= self._limits.attachments:
            raise AttachmentsExceeded("Send fewer attachments.", facts={"limit": self._limits.attachments})
