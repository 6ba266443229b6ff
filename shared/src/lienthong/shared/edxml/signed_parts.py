"""Hashes what signatures can name, and captures the signatures, while both stream past."""

import hashlib
from dataclasses import dataclass

from lienthong.shared.edxml.c14n import Canonicalizer
from lienthong.shared.edxml.errors import DuplicateID, SignatureExceeded, SignedPartsExceeded
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.reading import RawSignature, SignedPart
from lienthong.shared.edxml.xml_stream import Name, StartTag
from lienthong.shared.identifiers import Sha256

ID_ATTRIBUTE = "Id"
"""Without namespace. Source: XML Signature 1.1 section 4.3.3.2 resolves references by an ID attribute."""


@dataclass(slots=True)
class _OpenPart:
    id: str
    path: str
    digest: "hashlib._Hash"
    canonicalizer: Canonicalizer


class SignedParts:
    """Listens to every event of the file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ids: set[str] = set()
        self._open: list[_OpenPart] = []
        self._order: list[str] = []
        self._digests: dict[str, SignedPart] = {}
        self._capture: Canonicalizer | None = None
        self._captured = bytearray()
        self._namespace = ""
        self.signatures: list[RawSignature] = []

    @property
    def parts(self) -> tuple[SignedPart, ...]:
        """The parts, in the order in which they open."""
        return tuple(self._digests[part_id] for part_id in self._order)

    @property
    def in_signature(self) -> bool:
        """Whether a signature is open: its content is no content of the package."""
        return self._capture is not None

    def begin_signature(self, namespace: str) -> None:
        """The next element to start is a signature."""
        if len(self.signatures) >= self._limits.signatures:
            raise SignatureExceeded("The header has too many signatures.", facts={"limit": self._limits.signatures})
        self._captured = bytearray()
        self._namespace = namespace
        self._capture = Canonicalizer(self._captured.extend, standalone=True)

    def start(self, tag: StartTag, path: str) -> None:
        """An element opens at ``path``. Raises :class:`DuplicateID` and limits."""
        for name, value in tag.attributes:
            if name[:2] == ("", ID_ATTRIBUTE):
                self._add_id(value, path)
        for part in self._open:
            part.canonicalizer.start(tag)
        if self._capture is not None:
            self._capture.start(tag)
            self._check_captured()

    def end(self, name: Name) -> None:
        """An element closes."""
        if self._open:
            ended = [part for part in self._open if part.canonicalizer.end(name)]
            for part in ended:
                self._open.remove(part)
                digest = Sha256(part.digest.hexdigest())
                self._digests[part.id] = SignedPart(id=part.id, path=part.path, sha256=digest)
        if self._capture is not None and self._capture.end(name):
            self._capture = None
            self._check_captured()
            self.signatures.append(RawSignature(namespace=self._namespace, xml=bytes(self._captured)))

    def text(self, text: str) -> None:
        """Text."""
        for part in self._open:
            part.canonicalizer.text(text)
        if self._capture is not None:
            self._capture.text(text)
            self._check_captured()

    def raw_text(self, data: bytes) -> None:
        """Text of an attachment, as its bytes stand in the file."""
        for part in self._open:
            part.canonicalizer.raw_text(data)

    def instruction(self, target: str, data: str) -> None:
        """A processing instruction."""
        for part in self._open:
            part.canonicalizer.instruction(target, data)
        if self._capture is not None:
            self._capture.instruction(target, data)

    def _add_id(self, part_id: str, path: str) -> None:
        if part_id in self._ids:
            raise DuplicateID(
                "Give every element an Id of its own: a signature could mean either.",
                facts={"id": part_id[:200], "path": path},
            )
        if len(self._ids) >= self._limits.signed_parts or len(self._open) >= self._limits.nested_parts:
            raise SignedPartsExceeded(
                "Too many elements carry an Id, or stand in one another.",
                facts={"limit": self._limits.signed_parts, "nested_limit": self._limits.nested_parts},
            )
        self._ids.add(part_id)
        if self._capture is None:
            digest = hashlib.sha256()
            self._order.append(part_id)
            self._open.append(_OpenPart(part_id, path, digest, Canonicalizer(digest.update)))

    def _check_captured(self) -> None:
        if len(self._captured) > self._limits.signature_bytes:
            raise SignatureExceeded(
                "A signature of the header is too large.", facts={"limit": self._limits.signature_bytes}
            )
