"""Making an XAdES B-B or B-T signature over parts whose digests are known.

Source: ETSI EN 319 132-1 clauses 5.2, 5.3 and 6.3.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import Sha256, new_uuid
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.xmldsig import (
    DS,
    ECDSA_SHA256,
    EXCLUSIVE,
    NAMESPACES,
    RSA_SHA256,
    SHA256_DIGEST,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    canonical,
    name,
    one,
    raw_ecdsa,
)

_TIME_STAMP: Final = "xades:UnsignedProperties/xades:UnsignedSignatureProperties/xades:SignatureTimeStamp"
_METHODS = {SignatureAlgorithm.RSA_SHA256: RSA_SHA256, SignatureAlgorithm.ECDSA_SHA256: ECDSA_SHA256}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartToSign:
    """What one reference is to name. ``canonical``: the digest is of an element's exclusive canonical form."""

    uri: str
    sha256: Sha256
    media_type: str
    canonical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSignature:
    """A signature but for its value: sign ``to_sign``, wherever the key is, and :meth:`finish`; good for one value.

    For B-T have :meth:`digest_to_stamp` time-stamped before that.
    """

    to_sign: bytes
    algorithm: SignatureAlgorithm
    element: etree._Element

    def digest_to_stamp(self, signature: bytes) -> bytes:
        """SHA-256 of the SignatureValue element in exclusive canonical form. Source: ETSI EN 319 132-1 clause 5.3.

        Args:
            signature: As :meth:`keys.SignatureKey.sign` gives it: PKCS#1, or DER for ECDSA.
        """
        value = one(self.element, "ds:SignatureValue")
        raw = raw_ecdsa(signature) if self.algorithm is SignatureAlgorithm.ECDSA_SHA256 else signature
        value.text = b64encode(raw).decode()
        return hashlib.sha256(canonical(value)).digest()

    def finish(self, signature: bytes, *, time_stamp: bytes | None = None) -> bytes:
        """The ``ds:Signature`` in ASCII.

        Args:
            signature: As for :meth:`digest_to_stamp`.
            time_stamp: A TimeStampToken (DER) over that digest; None: the signature stays B-B.
        """
        self.digest_to_stamp(signature)
        if time_stamp is not None:
            unsigned = _add(one(self.element, "ds:Object/xades:QualifyingProperties"), _TIME_STAMP)
            _add(unsigned, "ds:CanonicalizationMethod", Algorithm=EXCLUSIVE)
            _add(unsigned, "xades:EncapsulatedTimeStamp", text=_base64(time_stamp))
        return etree.tostring(self.element, encoding="ascii", xml_declaration=False)

    @property
    def is_stamped(self) -> bool:
        """Whether it was finished with a time stamp."""
        return bool(self.element.findall(f"ds:Object/xades:QualifyingProperties/{_TIME_STAMP}", NAMESPACES))

    def sign_with(self, key: SignatureKey, *, stamp: Stamp | None = None) -> bytes:
        """The finished signature by a key at hand; without a time stamp where the authority is away."""
        value = key.sign(self.to_sign)
        if stamp is None:
            return self.finish(value)
        try:
            token = stamp(self.digest_to_stamp(value))
        except Unavailable:
            return self.finish(value)
        return self.finish(value, time_stamp=token)


def prepare(
    parts: Sequence[PartToSign],
    *,
    certificate_chain: Sequence[x509.Certificate],
    algorithm: SignatureAlgorithm,
    at: datetime,
) -> PreparedSignature:
    """A signature over ``parts`` that claims to be made at ``at`` by the subject of ``certificate_chain[0]``."""
    identifier = f"sig-{new_uuid()}"
    signature = etree.Element(name(DS, "Signature"), {"Id": identifier}, nsmap=NAMESPACES)
    signed_info = _add(signature, "ds:SignedInfo")
    _add(signature, "ds:SignatureValue")
    data = _add(signature, "ds:KeyInfo/ds:X509Data")
    for certificate in certificate_chain:
        _add(data, "ds:X509Certificate", text=_base64(certificate.public_bytes(Encoding.DER)))
    properties = _signed_properties(signature, parts, leaf=certificate_chain[0], at=at)
    _add(signed_info, "ds:CanonicalizationMethod", Algorithm=EXCLUSIVE)
    _add(signed_info, "ds:SignatureMethod", Algorithm=_METHODS[algorithm])
    for n, part in enumerate(parts, 1):
        reference = _add(signed_info, "ds:Reference", Id=f"{identifier}-r{n}", URI=part.uri)
        _fill_reference(reference, bytes.fromhex(part.sha256), canonical_form=part.canonical)
    last = _add(signed_info, "ds:Reference", URI=f"#{identifier}-p", Type=SIGNED_PROPERTIES_TYPE)
    _fill_reference(last, hashlib.sha256(canonical(properties)).digest(), canonical_form=True)
    return PreparedSignature(to_sign=canonical(signed_info), algorithm=algorithm, element=signature)


def _signed_properties(
    signature: etree._Element, parts: Sequence[PartToSign], *, leaf: x509.Certificate, at: datetime
) -> etree._Element:
    identifier = signature.get("Id", "")
    qualifying = _add(signature, "ds:Object/xades:QualifyingProperties", Target=f"#{identifier}")
    signed = _add(qualifying, "xades:SignedProperties", Id=f"{identifier}-p")
    own = _add(signed, "xades:SignedSignatureProperties")
    _add(own, "xades:SigningTime", text=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    digest = _add(own, "xades:SigningCertificateV2/xades:Cert/xades:CertDigest")
    _add(digest, "ds:DigestMethod", Algorithm=SHA256_DIGEST)
    _add(digest, "ds:DigestValue", text=_base64(hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()))
    objects = _add(signed, "xades:SignedDataObjectProperties")
    for n, part in enumerate(parts, 1):
        form = _add(objects, "xades:DataObjectFormat", ObjectReference=f"#{identifier}-r{n}")
        _add(form, "xades:MimeType", text=part.media_type)
    return signed


def _fill_reference(reference: etree._Element, digest: bytes, *, canonical_form: bool) -> None:
    if canonical_form:
        _add(reference, "ds:Transforms/ds:Transform", Algorithm=EXCLUSIVE)
    _add(reference, "ds:DigestMethod", Algorithm=SHA256_DIGEST)
    _add(reference, "ds:DigestValue", text=_base64(digest))


def _add(parent: etree._Element, path: str, *, text: str | None = None, **attributes: str) -> etree._Element:
    """New elements down ``path``; the last one takes text and attributes."""
    element = parent
    for step in path.split("/"):
        prefix, _, local = step.partition(":")
        element = etree.SubElement(element, name(DS if prefix == "ds" else XADES, local))
    element.text = text
    for key, value in attributes.items():
        element.set(key, value)
    return element


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
