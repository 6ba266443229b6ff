"""CMS signatures with CAdES B-B and B-T attributes: made, detached or enveloping, and opened without trusting them.

Whether the signer may sign is :mod:`trust`'s to say, what a whole signature comes to :mod:`cades`'s.
Source: RFC 5652 section 5, RFC 5035 section 5, ETSI EN 319 122-1 clauses 5 and 6.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.errors import Unavailable, Verification
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.signed_data import SignedDataRefused, read_signed_data
from lienthong.shared.signatures.time_stamps import Stamp

_ALGORITHMS: Final = {
    SignatureAlgorithm.RSA_SHA256: {"algorithm": "sha256_rsa", "parameters": core.Null()},
    SignatureAlgorithm.ECDSA_SHA256: {"algorithm": "sha256_ecdsa"},
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCMS:
    """A signature but for its value: sign :attr:`to_sign`, wherever the key is, and :meth:`finish`.

    For B-T have the SHA-256 digest of the value time-stamped before that. Source: ETSI EN 319 122-1 clause 5.3.
    """

    attributes: cms.CMSAttributes
    certificate_chain: tuple[x509.Certificate, ...]
    algorithm: SignatureAlgorithm

    @property
    def to_sign(self) -> bytes:
        """The signed attributes as they are signed, DER."""
        der: bytes = self.attributes.untag().dump(force=True)
        return der

    def finish(self, value: bytes, *, content: bytes | None = None, time_stamp: bytes | None = None) -> bytes:
        """The CMS SignedData, DER.

        Args:
            value: As :meth:`keys.SignatureKey.sign` gives it.
            content: What was signed, to be enclosed; None: the signature is detached.
            time_stamp: A TimeStampToken (DER) over SHA-256 of ``value``; None: the signature stays B-B.
        """
        held = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in self.certificate_chain]
        enclosed = {} if content is None else {"content": content}
        data = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "data", **enclosed},
                "certificates": held,
                "signer_infos": [self._signer(held[0], value, time_stamp)],
            }
        )
        der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
        return der

    def sign_with(self, key: SignatureKey, *, content: bytes | None = None, stamp: Stamp | None = None) -> bytes:
        """The finished signature by a key at hand; without a time stamp where the authority is away."""
        value, token = key.sign(self.to_sign), None
        if stamp is not None:
            try:
                token = stamp(hashlib.sha256(value).digest())
            except Unavailable:
                token = None
        return self.finish(value, content=content, time_stamp=token)

    def _signer(self, leaf: asn1_x509.Certificate, value: bytes, time_stamp: bytes | None) -> cms.SignerInfo:
        named = {"issuer": leaf.issuer, "serial_number": leaf.serial_number}
        fields = {
            "version": "v1",
            "sid": cms.IssuerAndSerialNumber(named),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": self.attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm(_ALGORITHMS[self.algorithm]),
            "signature": value,
        }
        if time_stamp is not None:
            token = cms.ContentInfo.load(time_stamp)
            fields["unsigned_attrs"] = cms.CMSAttributes([_attribute("signature_time_stamp_token", token)])
        return cms.SignerInfo(fields)


def prepare_cms(
    sha256: bytes, *, certificate_chain: Sequence[x509.Certificate], algorithm: SignatureAlgorithm, at: datetime
) -> PreparedCMS:
    """The signature over content of that digest but for its value, claiming to be made at ``at``."""
    leaf = certificate_chain[0].public_bytes(Encoding.DER)
    attributes = [
        _attribute("content_type", "data"),
        _attribute("signing_time", cms.Time({"utc_time": at.astimezone(UTC).replace(microsecond=0)})),
        _attribute("message_digest", sha256),
        _attribute("signing_certificate_v2", _names_certificate(leaf)),
    ]
    return PreparedCMS(
        attributes=cms.CMSAttributes(attributes), certificate_chain=tuple(certificate_chain), algorithm=algorithm
    )


def sign_detached(content: bytes, *, key: SignatureKey, at: datetime, stamp: Stamp | None = None) -> bytes:
    """A CMS SignedData (DER) over ``content``, which is not in it, claiming to be made at ``at``.

    With a time stamp (B-T) where ``stamp`` gives one.
    """
    return _prepared(content, key, at).sign_with(key, stamp=stamp)


def sign_enveloping(content: bytes, *, key: SignatureKey, at: datetime, stamp: Stamp | None = None) -> bytes:
    """As :func:`sign_detached`, with ``content`` enclosed."""
    return _prepared(content, key, at).sign_with(key, content=content, stamp=stamp)


def _prepared(content: bytes, key: SignatureKey, at: datetime) -> PreparedCMS:
    digest = hashlib.sha256(content).digest()
    return prepare_cms(digest, certificate_chain=key.certificate_chain, algorithm=key.algorithm, at=at)


def open_detached(der: bytes, content: bytes) -> OpenedCMS:
    """Open a detached signature over ``content``.

    1. One SignedData in DER, with one signer and strong algorithms that fit each other, whose signed attributes name
       its certificate: it cannot be swapped for another with the same key (:func:`signed_data.read_signed_data`).
    2. Nothing is enclosed, and the signed attributes hold the digest of ``content``.
    3. The signature over them is the certificate's.

    Raises:
        CMSInvalid: With the sub-indication of the step that failed.
    """
    try:
        signed = read_signed_data(der, content_type="data")  # 1
    except SignedDataRefused as error:
        raise CMSInvalid(error.detail, sub_indication=error.sub_indication) from error
    if signed.content is not None:  # 2
        raise CMSInvalid("The CMS signature must be detached.")
    if signed.message_digest != hashlib.new(signed.digest_algorithm, content).digest():
        raise CMSInvalid("The signed digest is another's.", sub_indication=SubIndication.HASH_FAILURE)
    if not signed.is_signed_by_signer:  # 3
        detail = "The signature value is not the signer's."
        raise CMSInvalid(detail, sub_indication=SubIndication.SIG_CRYPTO_FAILURE)
    return OpenedCMS(
        signer=signed.signer, others=signed.others, signing_time=signed.signing_time, signature=signed.value
    )


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _names_certificate(leaf: bytes) -> tsp.SigningCertificateV2:
    """The ESS attribute. Source: RFC 5035 section 3; SHA-256 is the default and so left out."""
    named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(leaf).digest()})
    return tsp.SigningCertificateV2({"certs": [named]})
