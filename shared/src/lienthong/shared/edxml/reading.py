"""What one pass over a package gives: its content, and what a signature check needs and cannot get from it."""

import re
from dataclasses import dataclass

from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.identifiers import Sha256

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
"""The namespace of edXML. Source: QCVN 102:2016/BTTTT."""
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
"""The namespace of XML signatures. Source: W3C XML Signature Syntax and Processing 1.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPart:
    """An element that carries an ``Id``, so that a signature may name it. Ids are unique in a reading.

    Elements inside signatures are not listed: those are resolved in the signature's own XML.
    """

    id: str
    path: str
    """Local names from the root, ``edXML/edXMLEnvelope/edXMLHeader/MessageHeader``; attachments are numbered from 1,
    ``edXML/AttachmentEncoded/Attachment[1]``; an element of another namespace is ``{namespace}name``."""
    sha256: Sha256
    """Of the element's exclusive canonical form without comments, in UTF-8.
    Source: Exclusive XML Canonicalization 1.0, ``http://www.w3.org/2001/10/xml-exc-c14n#``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSignature:
    """A signature element of the header, not verified."""

    namespace: str
    """:data:`XMLDSIG`: can be verified. :data:`QCVN`: the copies seen in the wild, unverifiable by construction."""
    xml: bytes
    """The element alone, UTF-8 without declaration, every namespace in scope declared on it: parsing it gives the same
    canonical forms (both kinds) as in the package. For :data:`QCVN` likewise, possibly an empty element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEntry:
    """One file of an ASiC-E container."""

    name: str
    size: int
    """Bytes, inflated."""
    sha256: Sha256
    """Of the inflated bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReading:
    """One package, read in one pass. Nothing in it is verified but the form."""

    media_type: str
    content: PackageContent
    parts: tuple[SignedPart, ...] = ()
    signatures: tuple[RawSignature, ...] = ()
    unidentified: tuple[str, ...] = ()
    """Paths, as in :class:`SignedPart`, of elements whose content a reader uses and that carry no ``Id``: no
    signature can cover them. Among MessageHeader, Bussiness, edXMLManifest and every Attachment."""
    header_end_offset: int
    """Bytes from the start of the edXML file to ``</edXML:edXMLHeader>``, where a signature may be inserted."""
    message_entry: str | None = None
    """Name of the edXML file inside the ASiC-E container; None for a bare edXML file."""
    entries: tuple[ContainerEntry, ...] = ()
    """Every file of the ASiC-E container, ``META-INF`` and ``mimetype`` too, in the order of the container."""

    @property
    def matters(self) -> tuple[str, ...]:
        """Paths of the elements that a package signature must cover for its verdict to be about what is read."""
        return tuple(part.path for part in self.parts if is_essential(part.path)) + self.unidentified


_ESSENTIAL = frozenset(
    {
        "edXML/edXMLEnvelope/edXMLHeader/MessageHeader",
        "edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness",
        "edXML/edXMLEnvelope/edXMLBody/edXMLManifest",
    }
)
_ATTACHMENT = re.compile(r"edXML/AttachmentEncoded/Attachment\[\d+\]")


def is_essential(path: str) -> bool:
    """Whether a reader uses the element at ``path``. A TraceHeaderList is not: the relaying axis appends to it."""
    return path in _ESSENTIAL or (path.endswith("]") and _ATTACHMENT.fullmatch(path) is not None)
