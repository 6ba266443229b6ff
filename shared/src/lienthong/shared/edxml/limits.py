"""Limits of packages: what bounds the memory and the work that one package may cost."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

READ_CHUNK_BYTES = 256 * KIB
"""The piece in which packages are read: it stays in a core's cache while it is decoded, hashed and inflated."""
MAX_PACKAGE_BYTES = 6 * GIB
"""The largest package that a node takes unless its operator decides otherwise: an attachment of 4 GiB has 5.34 GiB in
base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every bound that reading a package enforces; beyond one it raises a leaf of ``TooLarge`` or ``InvalidInput``."""

    depth: int = 32
    """Open elements. The deepest that the standard names is 9; a ``ds:Signature`` with XAdES adds about 10."""
    elements: int = 250_000
    """Elements in one package: 20,000 recipients with 8 members each, and room."""
    attributes_per_element: int = 64
    """The standard names at most 6."""
    token_bytes: int = 1 * MIB
    """One tag, comment or instruction: what the parser must hold to read it."""
    header_text: int = 8 * MIB
    """Characters of all text outside attachments: 20,000 recipients with 400 characters each."""
    text: int = 64 * KIB
    """Characters of one text, but ``Content``."""
    content_text: int = 1 * MIB
    """Characters of ``Content``."""
    document_id: int = 200
    """Characters of a ``DocumentId``. Source: QCVN 102:2016/BTTTT."""
    recipients: int = 20_000
    """``To`` elements: one directive goes to 11,000 communes."""
    attachments: int = 500
    """``Attachment`` elements, and ``Reference`` elements."""
    name: int = 255
    """Characters of an attachment's name, and bytes of the name of a ZIP entry: what file systems take."""
    unknown_elements: int = 100
    """Paths of unknown elements that are listed; more are read and not listed."""
    signatures: int = 8
    """Signature elements of the header."""
    signature_bytes: int = 256 * KIB
    """One signature element in canonical form: a XAdES-LTA with its certificates has about 60 KiB."""
    signed_parts: int = 1_000
    """Elements with an ``Id``."""
    nested_parts: int = 4
    """Elements with an ``Id`` that are open at once: each is hashed on its own."""
    unwrapped_bytes: int = 5 * GIB
    """A file inflated from its ZIP, or an entry of a container: one of 4 GiB, and room."""
    zip_ratio: int = 200
    """Inflated bytes for one deflated byte, beyond :attr:`zip_ratio_floor_bytes`; office files stay under 100."""
    zip_ratio_floor_bytes: int = 16 * MIB
    """Inflated bytes below which the ratio is not looked at: they cost little, and plain text deflates well."""
    zip_trailer_bytes: int = 128 * KIB
    """What may follow the single entry of a wrapping ZIP: descriptor, directory, comment."""
    container_entries: int = 1_000
    """Files in an ASiC-E container."""
    container_bytes: int = 6 * GIB
    """All files of an ASiC-E container, inflated: as much as a package may have (:data:`MAX_PACKAGE_BYTES`)."""


LIMITS = Limits()
"""What every node enforces."""
