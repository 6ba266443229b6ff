"""The vocabulary of XML signatures: names, the algorithms that are allowed, and reading one without trusting it.

Source: W3C XML Signature 1.1, RFC 6931, ETSI EN 319 132-1. A verifier that runs whatever a signature names can be made
to run anything, so the lists here are short and closed.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from lxml import etree

from lienthong.shared.signatures.certificates import certificate_from_der

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
NAMESPACES: Final = {"ds": DS, "xades": XADES}
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
"""``Type`` of the reference to SignedProperties. Source: ETSI EN 319 132-1 clause 4.4.2."""

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA256_DIGEST: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256: Final = f"{_MORE}rsa-sha256"
ECDSA_SHA256: Final = f"{_MORE}ecdsa-sha256"

_HASHES: Final[dict[str, type[SHA256 | SHA384 | SHA512]]] = {"sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
SIGNATURE_METHODS: Final = {
    f"{_MORE}{kind}-{digest}": (kind, digest) for kind in ("rsa", "ecdsa") for digest in _HASHES
}
"""Signature methods that are allowed: no SHA-1, no HMAC, no DSA. Source: ETSI TS 119 312 clause 9."""

MAX_REFERENCES: Final = 1_024
"""References in one signature."""


class SignatureMalformed(ValueError):
    """The XML is not one signature as the schema has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReference:
    """One ``ds:Reference``, unverified."""

    uri: str | None
    type: str
    transforms: tuple[str, ...]
    plain: bool
    """Whether no transform carries parameters."""
    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSignature:
    """One ``ds:Signature``, unverified."""

    element: etree._Element
    id: str
    signed_info: etree._Element
    canonicalization: str
    method: str
    references: tuple[SignedReference, ...]
    value: bytes
    certificates: tuple[x509.Certificate, ...]


def name(namespace: str, local: str) -> str:
    """The name as lxml has it."""
    return f"{{{namespace}}}{local}"


def parse_xml(xml: bytes) -> etree._Element:
    """The root of ``xml``, with no entity, DTD or network.

    Raises:
        SignatureMalformed: It is not well-formed, or declares a document type.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise SignatureMalformed("The signature is not well-formed XML.") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise SignatureMalformed("The signature has a document type declaration.")
    return root


def canonical(element: etree._Element, *, method: str = EXCLUSIVE) -> bytes:
    """The canonical form without comments, as ``element`` stands in its document.

    Raises:
        SignatureMalformed: It has none: a namespace is a relative URI. Source: Canonical XML 1.0 section 1.3.
    """
    try:
        return etree.tostring(element, method="c14n", exclusive=method == EXCLUSIVE, with_comments=False)
    except etree.C14NError as error:
        raise SignatureMalformed("The signature has no canonical form: a namespace is a relative URI.") from error


def parse_signature(element: etree._Element) -> ParsedSignature:
    """Read a ``ds:Signature``.

    Raises:
        SignatureMalformed: A required element is missing or repeated, or a value is not in its encoding.
    """
    if element.tag != name(DS, "Signature"):
        raise SignatureMalformed("The element is not ds:Signature.")
    signed_info = one(element, "ds:SignedInfo")
    if any(not isinstance(node.tag, str) for node in signed_info.iter()):
        raise SignatureMalformed("SignedInfo holds comments or instructions, which are not signed.")
    references = signed_info.findall("ds:Reference", NAMESPACES)
    if not 1 <= len(references) <= MAX_REFERENCES:
        raise SignatureMalformed("The signature has no references, or too many.")
    method = one(signed_info, "ds:SignatureMethod")
    return ParsedSignature(
        element=element,
        id=element.get("Id", ""),
        signed_info=signed_info,
        canonicalization=_plain_algorithm(one(signed_info, "ds:CanonicalizationMethod")),
        method=_plain_algorithm(method),
        references=tuple(_reference(one) for one in references),
        value=decoded(one(element, "ds:SignatureValue")),
        certificates=_certificates(element.findall("ds:KeyInfo/ds:X509Data/ds:X509Certificate", NAMESPACES)),
    )


def one(parent: etree._Element, path: str) -> etree._Element:
    """The only element at ``path`` below ``parent``. Raises :class:`SignatureMalformed`."""
    found = parent.findall(path, NAMESPACES)
    if len(found) != 1:
        raise SignatureMalformed(f"{path} must stand exactly once.")
    return found[0]


def text(element: etree._Element) -> str:
    """All text of ``element``, trimmed."""
    return "".join(str(piece) for piece in element.itertext()).strip()


def decoded(element: etree._Element) -> bytes:
    """The base64 in ``element``. Raises :class:`SignatureMalformed`."""
    try:
        return b64decode("".join(text(element).split()), validate=True)
    except ValueError as error:
        raise SignatureMalformed(f"{etree.QName(element).localname} is not base64.") from error


def _plain_algorithm(element: etree._Element) -> str:
    """The algorithm's URI; one with parameters is made unknown, since no allowed one has any."""
    return element.get("Algorithm", "") + ("#with-parameters" if len(element) else "")


def _reference(element: etree._Element) -> SignedReference:
    transforms = element.findall("ds:Transforms/ds:Transform", NAMESPACES)
    return SignedReference(
        uri=element.get("URI"),
        type=element.get("Type", ""),
        transforms=tuple(transform.get("Algorithm", "") for transform in transforms),
        plain=not any(len(transform) for transform in transforms),
        digest_method=_plain_algorithm(one(element, "ds:DigestMethod")),
        digest=decoded(one(element, "ds:DigestValue")),
    )


def _certificates(elements: Sequence[etree._Element]) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(certificate_from_der(decoded(element)) for element in elements)
    except ValueError as error:
        raise SignatureMalformed("A certificate of the signature cannot be read.") from error


def is_signed_by(certificate: x509.Certificate, method: str, *, value: bytes, data: bytes) -> bool:
    """Whether ``value`` is the signature of the certificate's key over ``data``; False for a key of another kind.

    ECDSA values are r and s, each as long as the curve's order. Source: RFC 6931 section 2.3.6.
    """
    kind, digest = SIGNATURE_METHODS[method]
    algorithm: HashAlgorithm = _HASHES[digest]()
    key = certificate.public_key()
    try:
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), algorithm)
            return True
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der(value, (key.curve.key_size + 7) // 8), data, ec.ECDSA(algorithm))
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def raw_ecdsa(der: bytes, coordinate_bytes: int = 32) -> bytes:
    """A DER signature of P-256 as XML has it: r and s. Source: RFC 6931 section 2.3.6."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(coordinate_bytes) + s.to_bytes(coordinate_bytes)


def _der(raw: bytes, coordinate_bytes: int) -> bytes:
    if len(raw) != 2 * coordinate_bytes:
        raise ValueError("an ECDSA signature of the wrong length")
    return encode_dss_signature(int.from_bytes(raw[:coordinate_bytes]), int.from_bytes(raw[coordinate_bytes:]))
