"""Detached CMS signatures with CAdES B-B attributes: made, and opened without trusting them.

Whether the signer may sign is :mod:`trust`'s to say.
Source: RFC 5652 section 5, RFC 5035 section 5, ETSI EN 319 122-1 clause 5.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.errors import Verification
from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.report import SubIndication

MAX_CMS_BYTES: Final = 256 * 1024
"""One CMS signature; certificates, revocation data and time stamps of a long chain included."""
MAX_CERTIFICATES: Final = 8
"""Certificates in it; more are not looked at, and the signature is refused."""
_HASHES: Final = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}
_ALGORITHMS: Final = {
    SignatureAlgorithm.RSA_SHA256: {"algorithm": "sha256_rsa", "parameters": core.Null()},
    SignatureAlgorithm.ECDSA_SHA256: {"algorithm": "sha256_ecdsa"},
}
_FOREIGN: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What asn1crypto raises for bytes that are not what they say."""


class CMSInvalid(Verification):
    """A CMS signature is malformed, changed, or over something else."""

    code = "cms-invalid"
    title = "The CMS signature is not valid"

    def __init__(self, detail: str, *, sub_indication: SubIndication = SubIndication.FORMAT_FAILURE) -> None:
        super().__init__(detail, facts={"sub_indication": sub_indication.value})
        self.sub_indication = sub_indication


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCMS:
    """A signature whose mathematics hold. The signer is not judged; ``signing_time`` is its claim."""

    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    signing_time: datetime | None
    signature: bytes


def sign_detached(content: bytes, *, key: SignatureKey, at: datetime) -> bytes:
    """A CMS SignedData (DER) over ``content``, which is not in it, claiming to be made at ``at``."""
    leaf = key.certificate_chain[0].public_bytes(Encoding.DER)
    attributes = cms.CMSAttributes(
        [
            _attribute("content_type", "data"),
            _attribute("signing_time", cms.Time({"utc_time": at.astimezone(UTC).replace(microsecond=0)})),
            _attribute("message_digest", hashlib.sha256(content).digest()),
            _attribute("signing_certificate_v2", _names_certificate(leaf)),
        ]
    )
    certificate = asn1_x509.Certificate.load(leaf)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.IssuerAndSerialNumber(
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm(_ALGORITHMS[key.algorithm]),
            "signature": key.sign(attributes.untag().dump(force=True)),
        }
    )
    chain = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in key.certificate_chain]
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "data"},
            "certificates": chain,
            "signer_infos": [signer],
        }
    )
    der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump(force=True)
    return der


def open_detached(der: bytes, content: bytes) -> OpenedCMS:
    """Open a detached signature over ``content``.

    1. One SignedData in DER, with one signer, nothing inside and its certificate beside it.
    2. Digest and signature algorithm are strong, and fit each other.
    3. The signed attributes name the content's type and digest.
    4. They name the certificate (ESS signing-certificate-v2): it cannot be swapped for another with the same key.
    5. The signature over them is the certificate's.

    Raises:
        CMSInvalid: With the sub-indication of the step that failed.
    """
    try:
        data, signer = _signed_data(der)  # 1
        certificate, others = _certificates(data, signer)
        digest_name = _strong_digest(signer)  # 2
        attributes = signer["signed_attrs"]
        named = {one["type"].native: one["values"] for one in attributes}
        if len(named) != len(attributes) or named["content_type"][0].native != "data":  # 3
            raise CMSInvalid("The signed attributes are not those of a document's signature.")
        if named["message_digest"][0].native != hashlib.new(digest_name, content).digest():
            raise CMSInvalid("The signed digest is another's.", sub_indication=SubIndication.HASH_FAILURE)
        _require_named(named, certificate)  # 4
        signed = attributes.untag().dump(force=True)
        signature: bytes = signer["signature"].native
        _verify(certificate, signature, signed, digest_name=digest_name)  # 5
        claimed = named["signing_time"][0].native if "signing_time" in named else None
    except _FOREIGN as error:
        raise CMSInvalid("The CMS signature is malformed.") from error
    return OpenedCMS(signer=certificate, others=others, signing_time=claimed, signature=signature)


def _signed_data(der: bytes) -> tuple[cms.SignedData, cms.SignerInfo]:
    if len(der) > MAX_CMS_BYTES:
        raise CMSInvalid("The CMS signature is too long.")
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise CMSInvalid("The file is no CMS signature.")
    data = info["content"]
    if data["encap_content_info"]["content"].native is not None or len(data["signer_infos"]) != 1:
        raise CMSInvalid("The CMS signature must be detached and have one signer.")
    return data, data["signer_infos"][0]


def _certificates(
    data: cms.SignedData, signer: cms.SignerInfo
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    offered = [one.chosen for one in data["certificates"]]
    if len(offered) > MAX_CERTIFICATES:
        raise CMSInvalid("The CMS signature has too many certificates.")
    sid = signer["sid"].chosen
    mine = [
        one
        for one in offered
        if isinstance(sid, cms.IssuerAndSerialNumber)
        and (one.issuer.dump(), one.serial_number) == (sid["issuer"].dump(), sid["serial_number"].native)
    ]
    if len(mine) != 1:
        raise CMSInvalid(
            "The signer's certificate is not in the CMS signature.",
            sub_indication=SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        )
    others = tuple(certificate_from_der(one.dump()) for one in offered if one is not mine[0])
    return certificate_from_der(mine[0].dump()), others


def _strong_digest(signer: cms.SignerInfo) -> str:
    digest: str = signer["digest_algorithm"]["algorithm"].native
    algorithm = signer["signature_algorithm"]
    fits = algorithm.signature_algo in {"rsassa_pkcs1v15", "ecdsa"}
    if algorithm["algorithm"].native != "rsassa_pkcs1v15":
        fits = fits and algorithm.hash_algo == digest
    if digest not in _HASHES or not fits:
        raise CMSInvalid(
            "The digest or signature algorithm is too weak, unknown, or they do not fit each other.",
            sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        )
    return digest


def _require_named(named: dict[str, cms.CMSAttribute], certificate: x509.Certificate) -> None:
    first = named["signing_certificate_v2"][0]["certs"][0]
    algorithm = first["hash_algorithm"]["algorithm"].native
    der = certificate.public_bytes(Encoding.DER)
    if algorithm not in _HASHES or first["cert_hash"].native != hashlib.new(algorithm, der).digest():
        raise CMSInvalid(
            "The signed attributes name another certificate.",
            sub_indication=SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        )


def _verify(certificate: x509.Certificate, signature: bytes, signed: bytes, *, digest_name: str) -> None:
    key, digest = certificate.public_key(), _HASHES[digest_name]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            raise CMSInvalid("The key's kind is unknown.", sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    except InvalidSignature as error:
        raise CMSInvalid(
            "The signature value is not the signer's.", sub_indication=SubIndication.SIG_CRYPTO_FAILURE
        ) from error


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _names_certificate(leaf: bytes) -> tsp.SigningCertificateV2:
    """The ESS attribute. Source: RFC 5035 section 3; SHA-256 is the default and so left out."""
    named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(leaf).digest()})
    return tsp.SigningCertificateV2({"certs": [named]})
