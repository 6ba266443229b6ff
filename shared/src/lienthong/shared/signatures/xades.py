"""The package signature of edXML: over the parts of a package that transit does not change.

One same-document reference each to MessageHeader, Bussiness, edXMLManifest and every Attachment by Id, none over
TraceHeaderList, to which every relay appends. Files of any size: parts are digested while they stream.
"""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cryptography import x509

from lienthong.shared.edxml.media_types import EDXML, XML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reading import XMLDSIG, PackageReading, RawSignature, is_essential
from lienthong.shared.errors import InvalidInput
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.report import SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.xades_checking import check_signature
from lienthong.shared.signatures.xades_references import SignedData, Target
from lienthong.shared.signatures.xades_signing import PartToSign, PreparedSignature, prepare
from lienthong.shared.signatures.xmldsig import SignatureMalformed, parse_xml

PACKAGE = "package"
"""``where`` of a package signature."""
_COPY_BYTES = 1024 * 1024


class PackageNotSignable(InvalidInput):
    """The package has parts that carry no Id, or is no bare edXML file."""

    code = "package-not-signable"
    title = "The package cannot be signed"


def prepare_signature(
    reading: PackageReading,
    *,
    certificate_chain: Sequence[x509.Certificate],
    algorithm: SignatureAlgorithm,
    at: datetime,
) -> PreparedSignature:
    """The package signature but for its value, for a key that is elsewhere; insert what ``finish`` gives.

    Raises:
        PackageNotSignable: A part that a reader uses has no Id.
    """
    if reading.unidentified or reading.message_entry is not None:
        raise PackageNotSignable(
            "Give every part that is to be signed an Id attribute.", facts={"parts": list(reading.unidentified)}
        )
    parts = [
        PartToSign(uri=f"#{part.id}", sha256=part.sha256, media_type=XML, canonical=True)
        for part in reading.parts
        if is_essential(part.path)
    ]
    return prepare(parts, certificate_chain=certificate_chain, algorithm=algorithm, at=at)


def insert_signature(unsigned: BinaryIO, out: BinaryIO, *, signature: bytes, reading: PackageReading) -> None:
    """Copy ``unsigned`` to ``out`` with ``signature`` as the last child of edXMLHeader, in bounded memory."""
    left = reading.header_end_offset
    while left and (chunk := unsigned.read(min(left, _COPY_BYTES))):
        out.write(chunk)
        left -= len(chunk)
    out.write(signature)
    shutil.copyfileobj(unsigned, out, _COPY_BYTES)


def sign_package(unsigned: Path, out: Path, key: SignatureKey, *, at: datetime, stamp: Stamp | None = None) -> bool:
    """Sign an edXML file whose parts carry Ids, with a key at hand: one pass to read it, one to copy it.

    Returns whether it is time-stamped (B-T); without ``stamp``, or when the authority is away, it is not (B-B).

    Args:
        unsigned: The edXML file.
        out: Where the signed package goes; overwritten.
        key: The sender's key.
        at: The signing time that it claims.
        stamp: A way to a time-stamping authority.

    Raises:
        EdXMLInvalid: ``unsigned`` is not valid; leaves say how.
        PackageNotSignable: As :func:`prepare_signature`.
    """
    reading = read_package(unsigned, EDXML)
    prepared = prepare_signature(reading, certificate_chain=key.certificate_chain, algorithm=key.algorithm, at=at)
    with unsigned.open("rb") as source, out.open("wb") as target:
        insert_signature(source, target, signature=prepared.sign_with(key, stamp=stamp), reading=reading)
    return prepared.is_stamped


def verify_package_signatures(
    reading: PackageReading, *, trust: TrustStore, at: datetime, sender: str | None = None
) -> tuple[SignatureReport, ...]:
    """One report for each signature of the header; :func:`xades_checking.check_signature` has the steps.

    Elements in the QCVN namespace hold copied values and are unverifiable; empty ones are no signatures.

    Args:
        reading: What one pass over the package gave.
        trust: Roots, intermediates, CRLs.
        at: When the node received the package.
        sender: The sending agency, if it is known better than by From/OrganId.
    """
    data = SignedData(
        targets={f"#{part.id}": Target(name=part.path, sha256=part.sha256, canonical=True) for part in reading.parts},
        essential=reading.matters,
        sender=sender or reading.content.header.from_.organ_id,
    )
    reports = (_verify(raw, data, trust=trust, at=at) for raw in reading.signatures)
    return tuple(report for report in reports if report is not None)


def _verify(raw: RawSignature, data: SignedData, *, trust: TrustStore, at: datetime) -> SignatureReport | None:
    findings = Findings(kind=SignatureKind.XADES, where=PACKAGE)
    try:
        element = parse_xml(raw.xml)
    except SignatureMalformed as error:
        return findings.ended(Rule.FORMAT, str(error), SubIndication.FORMAT_FAILURE)
    if raw.namespace == XMLDSIG:
        return check_signature(element, data, kind=findings.kind, where=findings.where, trust=trust, at=at)
    if len(element) == 0 and not (element.text or "").strip():
        return None
    detail = "It is not in the namespace of XML signatures: its values are copies, which nobody can check."
    return findings.ended(Rule.FORMAT, detail, SubIndication.GENERIC)
