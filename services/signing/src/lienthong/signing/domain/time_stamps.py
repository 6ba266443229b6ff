"""Time stamps: a query in, a token or a refusal out. Source: RFC 3161, RFC 5816 (ESSCertIDv2).

Pure: the serial number, the time and the key are the caller's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.asn1 import UNREADABLE, TimeStampReply
from lienthong.shared.signatures.keys import SignatureKey

MAX_QUERY_BYTES: Final = 4 * 1024
"""Longest query that is read: one over SHA-512 with a nonce has about 110."""
MAX_NONCE_BITS: Final = 512
"""Longest nonce that is echoed; RFC 3161 section 2.4.1 speaks of 64."""
ACCURACY: Final = timedelta(seconds=1)
"""How far genTime may be from UTC; the host's clock is kept by NTP."""
DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Digests that are stamped, with their lengths. Source: ETSI TS 119 312 clause 7."""


class Failure(StrEnum):
    """Why a query is refused, as asn1crypto names the bits of PKIFailureInfo. Source: RFC 3161 section 2.4.2."""

    BAD_ALG = "bad_alg"
    BAD_REQUEST = "bad_request"
    BAD_DATA_FORMAT = "bad_data_format"
    TIME_NOT_AVAILABLE = "time_not_available"
    UNACCEPTED_POLICY = "unaccepted_policy"
    UNACCEPTED_EXTENSION = "unaccepted_extensions"
    SYSTEM_FAILURE = "system_failure"


class QueryRefused(Exception):
    """A query that gets no token; ``failure`` and ``text`` go into the reply."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for: a stamp over ``digest``, echoing ``nonce``, with or without certificates in it."""

    algorithm: str
    digest: bytes
    nonce: int | None
    with_certificates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What only the authority can say. ``policy`` is an OID."""

    serial: int
    at: datetime
    policy: str


def read_query(der: bytes, *, policy: str) -> Query:
    """The query in a TimeStampReq.

    1. It can be read to its last byte, and is of version 1.
    2. The digest is of a kind that is stamped, and of its length.
    3. It asks for our ``policy``, or for none.
    4. It has no extension: none is known here, and one must not be dropped in silence.
    5. Its nonce is of bounded length.

    Raises:
        QueryRefused: With the failure that names the step.

    Source: RFC 3161 section 2.4.1.
    """
    try:
        request = tsp.TimeStampReq.load(der, strict=True)
        told = request.native  # reads everything that is in it
        imprint = request["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        asked_policy = request["req_policy"].native and request["req_policy"].dotted
    except UNREADABLE as error:
        raise QueryRefused(Failure.BAD_DATA_FORMAT, "Send one TimeStampReq in DER.") from error
    if told["version"] != "v1":  # 1
        raise QueryRefused(Failure.BAD_REQUEST, "Only version 1 is known.")
    if algorithm not in DIGEST_BYTES:  # 2
        raise QueryRefused(Failure.BAD_ALG, "Use SHA-256, SHA-384 or SHA-512.")
    if len(digest) != DIGEST_BYTES[algorithm]:
        raise QueryRefused(Failure.BAD_DATA_FORMAT, "The digest has not the length of its algorithm.")
    if asked_policy and asked_policy != policy:  # 3
        raise QueryRefused(Failure.UNACCEPTED_POLICY, f"The policy is {policy}.")
    if told["extensions"]:  # 4
        raise QueryRefused(Failure.UNACCEPTED_EXTENSION, "No extension is known.")
    nonce = told["nonce"]
    if nonce is not None and nonce.bit_length() > MAX_NONCE_BITS:  # 5
        raise QueryRefused(Failure.BAD_REQUEST, f"A nonce has at most {MAX_NONCE_BITS} bits.")
    return Query(algorithm=algorithm, digest=digest, nonce=nonce, with_certificates=told["cert_req"])


def granted(query: Query, stamp: Stamp, key: SignatureKey) -> bytes:
    """The reply with a token: TimeStampResp, DER. The key is ECDSA with SHA-256."""
    info = _info(query, stamp, key.certificate_chain[0]).dump()
    signer = _signer(key, _signed_attributes(info, key.certificate_chain[0]))
    signed = {
        "version": "v3",  # RFC 5652 section 5.1: the content is not id-data
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
        "signer_infos": [signer],
    }
    if query.with_certificates:
        signed["certificates"] = [_parsed(one) for one in key.certificate_chain]
    token = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
    reply: bytes = TimeStampReply({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
    return reply


def refused(failure: Failure, text: str) -> bytes:
    """The reply without a token: TimeStampResp, DER. Source: RFC 3161 section 2.4.2."""
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": [text], "fail_info": {failure.value}})
    reply: bytes = TimeStampReply({"status": status}).dump()
    return reply


def _info(query: Query, stamp: Stamp, certificate: x509.Certificate) -> tsp.TSTInfo:
    """What is signed. ``ordering`` stays false: clocks of two processes may differ within the accuracy."""
    told = {
        "version": "v1",
        "policy": stamp.policy,
        "message_imprint": {"hash_algorithm": {"algorithm": query.algorithm}, "hashed_message": query.digest},
        "serial_number": stamp.serial,
        "gen_time": stamp.at,
        "accuracy": {"seconds": int(ACCURACY.total_seconds())},
        "tsa": asn1_x509.GeneralName("directory_name", _parsed(certificate).subject),
    }
    if query.nonce is not None:
        told["nonce"] = query.nonce
    return tsp.TSTInfo(told)


def _signed_attributes(info: bytes, certificate: x509.Certificate) -> cms.CMSAttributes:
    """Content type, digest of the content, and which certificate signs. Source: RFC 5652 section 11, RFC 5816."""
    der = certificate.public_bytes(Encoding.DER)
    names = asn1_x509.GeneralNames([asn1_x509.GeneralName("directory_name", _parsed(certificate).issuer)])
    identifier = tsp.ESSCertIDv2(
        {
            "cert_hash": _sha256(der),
            "issuer_serial": {"issuer": names, "serial_number": certificate.serial_number},
        }
    )
    values: Iterable[tuple[str, object]] = (
        ("content_type", "tst_info"),
        ("message_digest", _sha256(info)),
        ("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [identifier]})),
    )
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values])


def _signer(key: SignatureKey, attributes: cms.CMSAttributes) -> cms.SignerInfo:
    certificate = _parsed(key.certificate_chain[0])
    sid = cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", sid),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": key.sign(attributes.untag().dump()),
        }
    )


def _parsed(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()
