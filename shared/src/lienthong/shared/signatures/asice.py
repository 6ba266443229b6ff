"""ASiC-E containers with XAdES: files, and a signature over every one of them. Source: ETSI EN 319 162-1 clause 4.4."""

import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from cryptography import x509
from lxml import etree

from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.reading import ContainerEntry, PackageReading
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.report import SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.xades_checking import check_signature
from lienthong.shared.signatures.xades_references import SignedData, Target
from lienthong.shared.signatures.xades_signing import PartToSign, PreparedSignature, prepare
from lienthong.shared.signatures.xmldsig import DS, SignatureMalformed, name, parse_xml

ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"
MANIFEST: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
MAX_SIGNATURE_FILES: Final = 8
"""``META-INF/*signatures*.xml`` of one container."""
MAX_SIGNATURE_FILE_BYTES: Final = 1024 * 1024
"""Bytes of one of them, inflated."""
MAX_SIGNATURES: Final = 16
"""Signatures in one of them."""

_META = "META-INF/"
_MIMETYPE = "mimetype"
_SIGNATURES = "META-INF/signatures.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFile:
    """A file that goes into a container, under ``name``."""

    name: str
    path: Path
    media_type: str


def prepare_container(
    files: Sequence[ContainerFile],
    *,
    certificate_chain: Sequence[x509.Certificate],
    algorithm: SignatureAlgorithm,
    at: datetime,
) -> PreparedSignature:
    """The signature over ``files`` but for its value, for a key that is elsewhere. Reads every file once."""
    parts = [
        PartToSign(uri=quote(file.name), sha256=_sha256(file.path), media_type=file.media_type, canonical=False)
        for file in files
    ]
    return prepare(parts, certificate_chain=certificate_chain, algorithm=algorithm, at=at)


def write_container(files: Sequence[ContainerFile], signature: bytes, out: BinaryIO, *, at: datetime) -> None:
    """Write the container: ``mimetype`` first, then the files, manifest and signature. Bounded memory.

    ``out`` is seekable. ``mimetype`` and edXML files are stored, the others deflated unless they are large: those are
    images and archives mostly, and none can pass for a ZIP bomb then.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(_entry(_MIMETYPE, at, method=zipfile.ZIP_STORED), ASICE)
        for file in files:
            size = file.path.stat().st_size
            stored = file.media_type == EDXML or size > LIMITS.zip_ratio_floor_bytes  # inside, offsets count
            info = _entry(file.name, at, method=zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            info.file_size = size
            with file.path.open("rb") as source, container.open(info, "w") as target:
                shutil.copyfileobj(source, target, 1024 * 1024)
        container.writestr(_entry("META-INF/manifest.xml", at), _manifest(files))
        signatures = b'<asic:XAdESSignatures xmlns:asic="%s">%s</asic:XAdESSignatures>'
        container.writestr(_entry(_SIGNATURES, at), signatures % (ASIC.encode(), signature))


def build_container(
    files: Sequence[ContainerFile], out: BinaryIO, *, key: SignatureKey, at: datetime, stamp: Stamp | None = None
) -> bool:
    """A container signed by a key at hand, claiming the time ``at``. Whether it is time-stamped (B-T), as for packages.

    See :func:`xades.sign_package`.
    """
    prepared = prepare_container(files, certificate_chain=key.certificate_chain, algorithm=key.algorithm, at=at)
    write_container(files, prepared.sign_with(key, stamp=stamp), out, at=at)
    return prepared.is_stamped


def verify_container_signatures(
    path: Path, reading: PackageReading, *, trust: TrustStore, at: datetime, sender: str | None = None
) -> tuple[SignatureReport, ...]:
    """One report for each signature of the container; every file outside META-INF must be covered.

    Args:
        path: The container that ``reading`` is of.
        reading: Its files with their digests.
        trust: Roots, intermediates, CRLs.
        at: When the node received it.
        sender: The sending agency, if it is known better than by From/OrganId.
    """
    sender = sender or reading.content.header.from_.organ_id
    return verify_entries(path, reading.entries, trust=trust, at=at, sender=sender)


def verify_entries(
    path: Path, entries: Sequence[ContainerEntry], *, trust: TrustStore, at: datetime, sender: str | None
) -> tuple[SignatureReport, ...]:
    """As :func:`verify_container_signatures`, for any container; ``sender`` None: nobody claims to send it."""
    files = [entry for entry in entries if _is_signature_file(entry.name)]
    data = _signed_data(entries, sender)
    if len(files) > MAX_SIGNATURE_FILES or any(entry.size > MAX_SIGNATURE_FILE_BYTES for entry in files):
        return (_ended("The container's signature files are too many or too large.", SubIndication.GENERIC),)
    reports: list[SignatureReport] = []
    for entry in files:
        if not entry.name.endswith(".xml"):
            reports.append(_ended("Signatures of this form cannot be checked: send XAdES.", SubIndication.GENERIC))
            continue
        with zipfile.ZipFile(path) as container, container.open(entry.name) as source:
            reports.extend(_verify_file(source.read(MAX_SIGNATURE_FILE_BYTES), data, trust=trust, at=at))
    return tuple(reports)


def _is_signature_file(entry: str) -> bool:
    local = entry.removeprefix(_META).lower()
    return entry.startswith(_META) and "signature" in local and local.endswith((".xml", ".p7s"))


def _signed_data(entries: Sequence[ContainerEntry], sender: str | None) -> SignedData:
    targets: dict[str, Target] = {}
    for entry in entries:
        target = Target(name=entry.name, sha256=entry.sha256, canonical=False)
        targets[entry.name] = targets[quote(entry.name)] = target
    essential = [
        entry.name
        for entry in entries
        if not entry.name.startswith(_META) and entry.name != _MIMETYPE and not entry.name.endswith("/")
    ]
    return SignedData(targets=targets, essential=essential, sender=sender)


def _verify_file(xml: bytes, data: SignedData, *, trust: TrustStore, at: datetime) -> list[SignatureReport]:
    try:
        root = parse_xml(xml)
    except SignatureMalformed as error:
        return [_ended(str(error), SubIndication.FORMAT_FAILURE)]
    signatures = [one for one in root if one.tag == name(DS, "Signature")]
    if root.tag != name(ASIC, "XAdESSignatures") or not 1 <= len(signatures) <= MAX_SIGNATURES:
        return [_ended("The signature file holds no XAdESSignatures, or too many.", SubIndication.FORMAT_FAILURE)]
    return [
        check_signature(one, data, kind=SignatureKind.ASIC, where="package", trust=trust, at=at) for one in signatures
    ]


def _ended(detail: str, sub_indication: SubIndication) -> SignatureReport:
    return Findings(kind=SignatureKind.ASIC, where="package").ended(Rule.FORMAT, detail, sub_indication)


def _sha256(path: Path) -> Sha256:
    with path.open("rb") as source:
        return Sha256(hashlib.file_digest(source, "sha256").hexdigest())


def _entry(entry: str, at: datetime, *, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry, date_time=at.timetuple()[:6])
    info.compress_type = method
    return info


def _manifest(files: Sequence[ContainerFile]) -> bytes:
    """``META-INF/manifest.xml``. Source: OpenDocument 1.2 part 3, clause 4."""
    root = etree.Element(name(MANIFEST, "manifest"), nsmap={"manifest": MANIFEST})
    root.set(name(MANIFEST, "version"), "1.2")
    for path, media_type in (("/", ASICE), *((file.name, file.media_type) for file in files)):
        entry = etree.SubElement(root, name(MANIFEST, "file-entry"))
        entry.set(name(MANIFEST, "full-path"), path)
        entry.set(name(MANIFEST, "media-type"), media_type)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
