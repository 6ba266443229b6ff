"""One CMS signature, read without trusting it: its signer, its signed attributes, and whether its value is theirs.

What the signature is over and who may sign is decided by those who ask: time stamps and CAdES.
Source: RFC 5652 sections 5 and 11, RFC 5035 (signing-certificate-v2), RFC 5816.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.report import SubIndication

MAX_SIGNED_DATA_BYTES: Final = 256 * 1024
"""Bytes of one CMS signature: with a long chain and its time stamps it has about 20 KiB."""
MAX_CMS_CERTIFICATES: Final = 16
"""Certificates in it; the first eight are offered to the chain."""
MAX_TIME_STAMPS: Final = 4
"""Time stamps over one signature."""
UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
"""What asn1crypto raises over bytes that are not what they should be."""

Asn1Value: TypeAlias = Any
"""A value of asn1crypto, which has no types."""

_HASHES: Final[dict[str, SHA256 | SHA384 | SHA512]] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}


class SignedDataRefused(Exception):
    """The CMS breaks a rule; ``sub_indication`` says which kind of rule."""

    def __init__(self, detail: str, sub_indication: SubIndication) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sub_indication = sub_indication


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContent:
    """A CMS SignedData with one signer, unverified but for what :func:`read_signed_data` names.

    ``digest_algorithm`` is ``sha256``, ``sha384`` or ``sha512``; ``message_digest`` is what the signer says of the
    content, ``content`` the content itself where it is inside; ``time_stamps`` are tokens (DER) over ``value``;
    ``has_more``: it carries revocation data, other kinds of certificates or unsigned attributes.
    """

    content_type: str
    content: bytes | None
    parsed_content: Asn1Value
    digest_algorithm: str
    message_digest: bytes
    signing_time: datetime | None
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    signed_attributes: bytes
    signature_algorithm: Asn1Value
    value: bytes
    time_stamps: tuple[bytes, ...]
    has_more: bool

    @property
    def is_signed_by_signer(self) -> bool:
        """Whether ``value`` is the signer's signature over the attributes."""
        return _is_signed_by(self.signer, self)


def read_signed_data(
    der: bytes, *, content_type: str, names_signer: bool = True, limit_bytes: int = MAX_SIGNED_DATA_BYTES
) -> SignedContent:
    """One signature as CMS has it.

    1. SignedData within the limit, read to its last byte, with exactly one signer.
    2. The content is of ``content_type``, and the signed attributes say so; each of them stands once.
    3. The digest is allowed, is announced, and is the one of the signature: no confusion of algorithms.
    4. The signing certificate is among the certificates, is the one that the signer identifier names, and the one
       whose digest ESSCertIDv2 holds.

    ``names_signer`` False: ESSCertIDv2 may be missing, as in PDF signatures of before PAdES (ISO 32000-1 clause
    12.8.3.3); where it stands, it counts.

    Raises:
        SignedDataRefused: The first step that does not hold.
    """
    try:
        if len(der) > limit_bytes:
            raise _malformed("The CMS signature is too long.")
        return _read(der, content_type, names_signer=names_signer)
    except UNREADABLE as error:
        raise _malformed("The CMS signature cannot be read.") from error


def moment_of(value: Asn1Value) -> datetime:
    """The time in a UTCTime or GeneralizedTime, in UTC. Source: RFC 5652 section 11.3, RFC 3161 section 2.4.2.

    Raises:
        ValueError, OverflowError: It has no time zone, or is of a year that is none.
    """
    moment = value.native
    if not isinstance(moment, datetime) or moment.tzinfo is None:  # a year 0 is no datetime
        raise ValueError("the time is no moment in UTC")
    return moment.astimezone(UTC)


def _malformed(detail: str) -> SignedDataRefused:
    return SignedDataRefused(detail, SubIndication.FORMAT_FAILURE)


def _read(der: bytes, content_type: str, *, names_signer: bool) -> SignedContent:
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "signed_data":
        raise _malformed("The CMS is no signature.")
    data = outer["content"]
    signer_infos = data["signer_infos"]
    if len(signer_infos) != 1:
        raise _malformed("The CMS must have exactly one signer.")
    info = signer_infos[0]
    signed_attributes = b"\x31" + info["signed_attrs"].dump()[1:]  # as SET OF. Source: RFC 5652 section 5.4
    _require_version(data, info)
    attributes = _attributes(info)
    inner = data["encap_content_info"]
    found = {inner["content_type"].native, _single(attributes, "content_type").native}
    if found != {content_type}:
        raise _malformed(f"The CMS is not over content of the type {content_type}.")
    digest = _digest_algorithm(data, info)
    certificates = _certificates(data)
    signer = _signer(info, certificates, attributes, names_signer=names_signer)
    content = inner["content"]
    inside = _is_there(content)
    return SignedContent(
        content_type=content_type,
        content=bytes(content) if inside else None,
        parsed_content=content.parsed if inside and content_type != "data" else None,
        digest_algorithm=digest,
        message_digest=_single(attributes, "message_digest").native,
        signing_time=moment_of(_single(attributes, "signing_time")) if "signing_time" in attributes else None,
        signer=signer,
        others=tuple(one for one in certificates if one != signer),
        signed_attributes=signed_attributes,
        signature_algorithm=info["signature_algorithm"],
        value=info["signature"].native,
        time_stamps=_time_stamps(info),
        has_more=_has_more(data, info, certificates),
    )


def _has_more(data: cms.SignedData, info: cms.SignerInfo, certificates: Sequence[x509.Certificate]) -> bool:
    more = _is_there(data["crls"]) or _is_there(info["unsigned_attrs"])
    return more or len(certificates) != len(data["certificates"])


def _is_there(part: Asn1Value) -> bool:
    """Whether an optional part stands in the CMS; asking for its ``native`` would unfold all of it."""
    return not isinstance(part, core.Void)


def _require_version(data: cms.SignedData, info: cms.SignerInfo) -> None:
    """Source: RFC 5652 sections 5.1 and 5.3."""
    by_key = info["sid"].name == "subject_key_identifier"
    plain = data["encap_content_info"]["content_type"].native == "data"
    wanted = ("v1" if plain and not by_key else "v3", "v3" if by_key else "v1")
    if (data["version"].native, info["version"].native) != wanted:
        raise _malformed("The CMS is of another version than its content.")


def _attributes(info: cms.SignerInfo) -> dict[str, Asn1Value]:
    found: dict[str, Asn1Value] = {}
    if not _is_there(info["signed_attrs"]):
        raise SignedDataRefused("The CMS has no signed attributes.", SubIndication.GENERIC)
    for attribute in info["signed_attrs"]:
        kind = attribute["type"].native
        if kind in found:
            raise _malformed("A signed attribute stands twice.")
        found[kind] = attribute["values"]
    return found


def _single(attributes: dict[str, Asn1Value], kind: str) -> Asn1Value:
    values = attributes.get(kind)
    if values is None or len(values) != 1:
        raise _malformed(f"The signed attribute {kind} must stand once, with one value.")
    return values[0]


def _digest_algorithm(data: cms.SignedData, info: cms.SignerInfo) -> str:
    digest: str = info["digest_algorithm"]["algorithm"].native
    announced = {one["algorithm"].native for one in data["digest_algorithms"]}
    if any(one["parameters"].native is not None for one in (info["digest_algorithm"], *data["digest_algorithms"])):
        raise _malformed("A digest algorithm has parameters.")
    method = info["signature_algorithm"]
    bare = method["algorithm"].native == "rsassa_pkcs1v15"
    if digest not in _HASHES or announced != {digest} or (not bare and method.hash_algo != digest):
        detail = f"The digest {digest} is not allowed, or is not the one of the signature."
        raise SignedDataRefused(detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    return digest


def _certificates(data: cms.SignedData) -> tuple[x509.Certificate, ...]:
    held = data["certificates"]
    found = list(held) if _is_there(held) else []
    if len(found) > MAX_CMS_CERTIFICATES:
        raise _malformed("The CMS holds too many certificates.")
    return tuple(certificate_from_der(one.chosen.dump()) for one in found if one.name == "certificate")


def _signer(
    info: cms.SignerInfo,
    certificates: Sequence[x509.Certificate],
    attributes: dict[str, Asn1Value],
    *,
    names_signer: bool,
) -> x509.Certificate:
    named = [one for one in certificates if _is_named(info["sid"], one)]
    if named and not names_signer and "signing_certificate_v2" not in attributes:
        return named[0]
    if "signing_certificate_v2" not in attributes:
        detail = "The signed attributes do not name the signing certificate by a strong digest."
        raise SignedDataRefused(detail, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
    first = _single(attributes, "signing_certificate_v2")["certs"][0]
    algorithm = first["hash_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        detail = f"The signing certificate is named by the digest {algorithm}."
        raise SignedDataRefused(detail, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    wanted = first["cert_hash"].native
    found = [one for one in named if hashlib.new(algorithm, one.public_bytes(Encoding.DER)).digest() == wanted]
    if not found:
        detail = "The CMS holds no certificate, or not the one that its signed attributes name."
        raise SignedDataRefused(detail, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
    return found[0]


def _is_named(identifier: cms.SignerIdentifier, certificate: x509.Certificate) -> bool:
    if identifier.name == "subject_key_identifier":
        try:
            key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except x509.ExtensionNotFound:
            return False
        return bool(key == identifier.chosen.native)
    chosen = identifier.chosen
    same_issuer = chosen["issuer"].dump() == certificate.issuer.public_bytes()
    return bool(same_issuer and chosen["serial_number"].native == certificate.serial_number)


def _time_stamps(info: cms.SignerInfo) -> tuple[bytes, ...]:
    held = info["unsigned_attrs"]
    found = [
        value.dump()
        for attribute in (held if _is_there(held) else ())
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    ]
    if len(found) > MAX_TIME_STAMPS:
        raise _malformed("The CMS carries too many time stamps.")
    return tuple(found)


def _is_signed_by(certificate: x509.Certificate, content: SignedContent) -> bool:
    key, algorithm = certificate.public_key(), _HASHES[content.digest_algorithm]
    kind = content.signature_algorithm.signature_algo
    value, data = content.value, content.signed_attributes
    try:
        if kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), algorithm)
            return True
        if kind == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            key.verify(
                value, data, _pss(content.signature_algorithm["parameters"], content.digest_algorithm), algorithm
            )
            return True
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, data, ec.ECDSA(algorithm))
            return True
    except (InvalidSignature, UnsupportedAlgorithm, *UNREADABLE):
        return False
    return False


def _pss(parameters: algos.RSASSAPSSParams, digest: str) -> padding.PSS:
    """Source: RFC 8017 appendix A.2.3. The mask must use the same digest."""
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or mask["parameters"]["algorithm"].native != digest:
        raise ValueError("the mask uses another digest")
    return padding.PSS(padding.MGF1(_HASHES[digest]), parameters["salt_length"].native)
