"""Certificate status: a request in, a signed answer or a refusal out. Source: RFC 6960, RFC 9654 (nonces).

Pure: what is known of the certificates, the time and the key are the caller's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from asn1crypto import algos, core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.asn1 import UNREADABLE
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.signing.domain.records import Authority, CertificateRecord, Revocation, RevocationReason, Serial

MAX_REQUEST_BYTES: Final = 16 * 1024
"""Longest request that is read: one certificate with a nonce takes about 120, each more about 80."""
MAX_CERTIFICATES: Final = 32
"""Certificates in one request."""
MAX_NONCE_BYTES: Final = 128
"""Source: RFC 9654 section 2.1."""
MAX_SERIAL_BITS: Final = 160
"""Source: RFC 5280 section 4.1.2.2."""
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 — names the issuer and secures nothing; RFC 5019 section 2.1.1 asks for it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Refusal(StrEnum):
    """Why there is no answer, as asn1crypto names OCSPResponseStatus. Source: RFC 6960 section 4.2.1."""

    MALFORMED_REQUEST = "malformed_request"
    TRY_LATER = "try_later"
    UNAUTHORIZED = "unauthorized"


class RequestRefused(Exception):
    """A request that gets no answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateID:
    """A certificate as a request names it: by hashes of its issuer's name and key, and its serial number.

    ``der`` is the CertID itself: the answer repeats it to the byte.
    """

    der: bytes
    algorithm: str
    name_hash: bytes
    key_hash: bytes
    serial: int

    @property
    def serial_text(self) -> Serial:
        """The serial number as records have it."""
        return Serial(f"{self.serial:040x}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """What is asked for."""

    certificates: tuple[CertificateID, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """``this_update``: now. ``next_update``: until when the answer may be used. Whole seconds."""

    this_update: datetime
    next_update: datetime


def read_request(der: bytes) -> StatusRequest:
    """The request in an OCSPRequest; its signature, if there is one, is not looked at.

    1. It can be read to its last byte, and is of version 1.
    2. It names a bounded number of certificates, at least one, with serial numbers that can be.
    3. It has at most one nonce, of 1 to 128 bytes.
    4. Nothing else in it is critical.

    Raises:
        RequestRefused: ``malformed_request``.

    Source: RFC 6960 section 4.1.1, RFC 9654 section 2.1.
    """
    try:
        request = ocsp.OCSPRequest.load(der, strict=True)
        told: Any = request.native["tbs_request"]
        certificates = tuple(_identifier(one["req_cert"]) for one in request["tbs_request"]["request_list"])
        extensions = told["request_extensions"] or ()
        nonces = [one["extn_value"] for one in extensions if one["extn_id"] == "nonce"]
        singles = [one for entry in told["request_list"] for one in entry["single_request_extensions"] or ()]
        unknown = [one for one in (*extensions, *singles) if one["critical"] and one["extn_id"] != "nonce"]
    except UNREADABLE as error:
        raise RequestRefused(Refusal.MALFORMED_REQUEST) from error
    version_known = told["version"] == "v1"  # 1
    countable = 1 <= len(certificates) <= MAX_CERTIFICATES and all(  # 2
        one.serial >= 0 and one.serial.bit_length() <= MAX_SERIAL_BITS for one in certificates
    )
    nonces_good = len(nonces) <= 1 and all(  # 3
        isinstance(one, bytes) and 1 <= len(one) <= MAX_NONCE_BYTES for one in nonces
    )
    if not (version_known and countable and nonces_good) or unknown:  # 4
        raise RequestRefused(Refusal.MALFORMED_REQUEST)
    return StatusRequest(certificates=certificates, nonce=nonces[0] if nonces else None)


def authority_for(request: StatusRequest, authorities: Sequence[Authority]) -> Authority:
    """The one authority that issued, or would have issued, every certificate of the request.

    Raises:
        RequestRefused: ``unauthorized``: none is ours, or an answer would need the signatures of two.

    Source: RFC 6960 section 4.2.2.2; RFC 5019 section 2.2.3.
    """
    for authority in authorities:
        if all(_names(one, authority.certificate) for one in request.certificates):
            return authority
    raise RequestRefused(Refusal.UNAUTHORIZED)


def answered(
    request: StatusRequest,
    known: Mapping[Serial, CertificateRecord],
    key: SignatureKey,
    *,
    authority: Authority,
    times: Times,
) -> bytes:
    """The answer (OCSPResponse, DER) about every certificate of the request. The key is ECDSA with SHA-256.

    ``known`` are the authority's certificates among them; one that was never issued is ``unknown``.
    """
    cutoff = authority.certificate.not_valid_before_utc
    responder = _parsed(key.certificate_chain[0])
    told: dict[str, Any] = {
        "responder_id": ocsp.ResponderId("by_key", responder.public_key.sha1),
        "produced_at": times.this_update,
        "responses": [_single(one, known.get(one.serial_text), times, cutoff) for one in request.certificates],
    }
    if request.nonce is not None:
        told["response_extensions"] = [{"extn_id": "nonce", "extn_value": core.OctetString(request.nonce)}]
    data = ocsp.ResponseData(told)
    basic = {
        "tbs_response_data": data,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": key.sign(data.dump()),
        "certs": [_parsed(one) for one in key.certificate_chain if one.subject != one.issuer],
    }
    response = {"response_type": "basic_ocsp_response", "response": ocsp.BasicOCSPResponse(basic)}
    der: bytes = ocsp.OCSPResponse({"response_status": "successful", "response_bytes": response}).dump()
    return der


def refused(refusal: Refusal) -> bytes:
    """The answer that is none (OCSPResponse, DER). Source: RFC 6960 section 4.2.1."""
    der: bytes = ocsp.OCSPResponse({"response_status": refusal.value}).dump()
    return der


def _identifier(identifier: ocsp.CertId) -> CertificateID:
    told = identifier.native
    return CertificateID(
        der=identifier.dump(),
        algorithm=told["hash_algorithm"]["algorithm"],
        name_hash=told["issuer_name_hash"],
        key_hash=told["issuer_key_hash"],
        serial=told["serial_number"],
    )


def _names(identifier: CertificateID, issuer: x509.Certificate) -> bool:
    algorithm = _HASHES.get(identifier.algorithm)
    if algorithm is None:
        return False
    parsed = _parsed(issuer)
    name, key = parsed.subject.dump(), bytes(parsed.public_key["public_key"])
    return (identifier.name_hash, identifier.key_hash) == (_hash(algorithm, name), _hash(algorithm, key))


def _single(
    identifier: CertificateID, record: CertificateRecord | None, times: Times, cutoff: datetime
) -> ocsp.SingleResponse:
    """One certificate's status. Archive cutoff: expired ones are answered for, too. Source: RFC 6960 section 4.4.4."""
    extensions = [{"extn_id": "archive_cutoff", "extn_value": core.GeneralizedTime(cutoff)}]
    revocation = record.revocation if record else None
    if revocation is not None and revocation.effective_at < revocation.decided_at:
        since = core.GeneralizedTime(revocation.effective_at.replace(microsecond=0))
        extensions.append({"extn_id": "invalidity_date", "extn_value": since})  # RFC 6960 section 4.4.5
    return ocsp.SingleResponse(
        {
            "cert_id": ocsp.CertId.load(identifier.der),
            "cert_status": _status(record, revocation),
            "this_update": times.this_update,
            "next_update": times.next_update,
            "single_extensions": extensions,
        }
    )


def _status(record: CertificateRecord | None, revocation: Revocation | None) -> ocsp.CertStatus:
    if record is None:
        return ocsp.CertStatus("unknown", ocsp.StatusUnknown())
    if revocation is None:
        return ocsp.CertStatus("good", ocsp.StatusGood())
    told: dict[str, Any] = {"revocation_time": revocation.decided_at.replace(microsecond=0)}
    if revocation.reason is not RevocationReason.UNSPECIFIED:
        told["revocation_reason"] = re.sub("([A-Z])", r"_\1", revocation.reason.value).lower()
    return ocsp.CertStatus("revoked", ocsp.RevokedInfo(told))


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _parsed(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
