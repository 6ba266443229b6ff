"""ASiC manifests: files of a container by name and digest, covered by one signature or time stamp.

Source: ETSI EN 319 162-1 annex A.4.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from lxml import etree

from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.xmldsig import DS, NAMESPACES, SHA256_DIGEST, SignatureMalformed, name, parse_xml

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
"""Namespace. Source: EN 319 162-1 annex A.4."""
_SHA256_BYTES = 32


class ManifestInvalid(InvalidInput):
    """A manifest of the container is malformed."""

    code = "manifest-invalid"
    title = "The container's manifest cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``signature`` is the member that covers this manifest; ``digests`` are of the members that it names."""

    signature: str
    digests: Mapping[str, Sha256]


def write_manifest(manifest: Manifest, *, signature_type: str, media_types: Mapping[str, str]) -> bytes:
    """The manifest as XML, in UTF-8."""
    root = etree.Element(name(ASIC, "ASiCManifest"), nsmap={"asic": ASIC, "ds": DS})
    etree.SubElement(root, name(ASIC, "SigReference"), URI=quote(manifest.signature), MimeType=signature_type)
    for member, sha256 in manifest.digests.items():
        reference = etree.SubElement(root, name(ASIC, "DataObjectReference"), URI=quote(member))
        if member in media_types:
            reference.set("MimeType", media_types[member])
        etree.SubElement(reference, name(DS, "DigestMethod"), Algorithm=SHA256_DIGEST)
        etree.SubElement(reference, name(DS, "DigestValue")).text = b64encode(bytes.fromhex(sha256)).decode()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def read_manifest(xml: bytes) -> Manifest:
    """What a manifest names: SHA-256 digests only, each member once.

    Raises:
        ManifestInvalid: It is none, or names a member twice or without a digest.
    """
    try:
        root = parse_xml(xml)
        if root.tag != name(ASIC, "ASiCManifest"):
            raise ManifestInvalid("The manifest is no ASiCManifest.")
        (signature,) = root.findall(name(ASIC, "SigReference"))
        digests: dict[str, Sha256] = {}
        for reference in root.findall(name(ASIC, "DataObjectReference")):
            member = unquote(reference.attrib["URI"])
            if member in digests:
                raise ManifestInvalid(f"The manifest names {member} twice.")
            digests[member] = _digest(reference)
        return Manifest(signature=unquote(signature.attrib["URI"]), digests=digests)
    except (SignatureMalformed, ValueError, KeyError) as error:
        raise ManifestInvalid("The manifest is malformed.") from error


def _digest(reference: etree._Element) -> Sha256:
    method, value = reference.find("ds:DigestMethod", NAMESPACES), reference.find("ds:DigestValue", NAMESPACES)
    if method is None or value is None or method.get("Algorithm") != SHA256_DIGEST:
        raise ManifestInvalid("The manifest has a digest that is not SHA-256.")
    digest = b64decode((value.text or "").strip(), validate=True)
    if len(digest) != _SHA256_BYTES:
        raise ManifestInvalid("The manifest has a digest of a wrong length.")
    return Sha256(digest.hex())
