"""What the references of an XML signature name, and whether that is exactly what is read.

Source: W3C XML Signature Best Practices 2.1 and 3.1 (only what is signed is seen); ETSI EN 319 162-1 clause 4.4.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.xmldsig import (
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    SIGNED_PROPERTIES_TYPE,
    ParsedSignature,
    SignedReference,
    canonical,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a URI may resolve to: the element or file that a reader reads.

    ``canonical``: the digest is of an element's exclusive canonical form; else of a file's bytes.
    """

    name: str
    sha256: Sha256
    canonical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """What the package really holds. ``essential`` names what must be covered; ``sender`` whom it claims to be from."""

    targets: Mapping[str, Target]
    essential: Sequence[str]
    sender: str | None = None


def check_references(
    signature: ParsedSignature, properties: etree._Element | None, data: SignedData, findings: Findings
) -> None:
    """Each reference resolves to one thing, without transforms but canonicalisation, and its digest is right.

    Raises:
        CheckEnded: Not so, or SignedProperties are there and not signed, or something read is left uncovered.
    """
    own = _own_elements(signature, data, findings)
    properties_signed = properties is None
    for reference in signature.references:
        element = own.get(reference.uri or "")
        if element is not None:
            digest = _own_digest(element, signature, reference, findings)
            properties_signed |= element is properties and reference.type == SIGNED_PROPERTIES_TYPE
        else:
            target = _resolve(reference, data, findings)
            digest = bytes.fromhex(target.sha256)
            findings.covered.append(target.name)
        if reference.digest != digest:
            detail = f"What {reference.uri} names was changed after it was signed."
            findings.failed(Rule.REFERENCES, detail, SubIndication.HASH_FAILURE)
    if not properties_signed:
        findings.failed(Rule.REFERENCES, "SignedProperties are there but not signed.", SubIndication.FORMAT_FAILURE)
    findings.passed(Rule.REFERENCES)
    _check_coverage(data, findings)


def _own_elements(signature: ParsedSignature, data: SignedData, findings: Findings) -> dict[str, etree._Element]:
    """Elements of the signature by ``#Id``. An Id stands once in the signature's file and the package together."""
    seen: set[str] = set()
    for node in signature.element.getroottree().getroot().iter(etree.Element):
        identifier = node.get("Id")
        if identifier is None:
            continue
        if identifier in seen or f"#{identifier}" in data.targets:
            findings.failed(Rule.REFERENCES, f"The Id {identifier} stands twice.", SubIndication.FORMAT_FAILURE)
        seen.add(identifier)
    return {f"#{node.get('Id')}": node for node in signature.element.iter(etree.Element) if node.get("Id") is not None}


def _own_digest(
    element: etree._Element, signature: ParsedSignature, reference: SignedReference, findings: Findings
) -> bytes:
    allowed = reference.plain and reference.transforms in {(), (EXCLUSIVE,), (INCLUSIVE,)}
    if not allowed or element in {signature.element, signature.signed_info}:
        detail = f"The reference {reference.uri} has a transform that is not allowed, or names the signature itself."
        findings.failed(Rule.REFERENCES, detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    method = reference.transforms[0] if reference.transforms else INCLUSIVE
    return hashlib.sha256(canonical(element, method=method)).digest()


def _resolve(reference: SignedReference, data: SignedData, findings: Findings) -> Target:
    if reference.uri == "" and ENVELOPED in reference.transforms:
        detail = "It signs the whole file, which every relay changes; only signatures over single parts can be checked."
        findings.failed(Rule.REFERENCES, detail, SubIndication.GENERIC)
    target = data.targets.get(reference.uri or "")
    if target is None:
        detail = f"The reference {reference.uri!r} names nothing in this package."
        findings.failed(Rule.REFERENCES, detail, SubIndication.SIGNED_DATA_NOT_FOUND)
    wanted = (EXCLUSIVE,) if target.canonical else ()
    if reference.transforms != wanted or not reference.plain:
        detail = f"The reference {reference.uri} must have the transforms {list(wanted)} and no others."
        findings.failed(Rule.REFERENCES, detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    return target


def _check_coverage(data: SignedData, findings: Findings) -> None:
    covered = set(findings.covered)
    elements = {one.name for one in data.targets.values() if one.canonical} & covered  # a file covers nothing below it
    findings.not_covered = [
        part
        for part in data.essential
        if part not in covered and not any(part.startswith(f"{one}/") for one in elements)
    ]
    if findings.not_covered:
        detail = f"Not signed, although it is read: {', '.join(findings.not_covered[:5])}"
        findings.failed(Rule.COVERAGE, detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    findings.passed(Rule.COVERAGE)
