"""Reading an OCSP response for one certificate: signature, responder, certificate; not whether it is still fresh.

Source: RFC 6960 sections 3.2 and 4.2.2.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from lienthong.shared.errors import Verification
from lienthong.shared.signatures.policies import policy_at
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.revocation import Revocation, RevocationList, RevocationSource

MAX_OCSP_BYTES: Final = 64 * 1024
"""Bytes of one response: with its responder's certificate it has about 2 KiB."""
MAX_SINGLE_RESPONSES: Final = 64
"""Certificates that one response may speak of."""
MAX_RESPONDERS: Final = 4
"""Certificates of a response that are looked at."""
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)


class OCSPInvalid(Verification):
    """An OCSP response says nothing about the certificate in question; ``sub_indication`` says why."""

    code = "ocsp-invalid"
    title = "The OCSP response is not valid"

    def __init__(self, detail: str, *, sub_indication: SubIndication) -> None:
        super().__init__(detail, facts={"sub_indication": sub_indication.value})
        self.sub_indication = sub_indication


class CertificateState(StrEnum):
    """Source: RFC 6960 section 2.2."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OCSPStatus:
    """What a responder that may speak for the issuer says. ``nonce`` is that of the request, if it is repeated."""

    source: RevocationSource = field(default=RevocationSource.OCSP, init=False)
    state: CertificateState
    revocation: Revocation | None
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    responder: x509.Certificate
    nonce: bytes | None

    def is_fresh(self, at: datetime) -> bool:
        """Whether it can speak for ``at``; without an end of its own, as long as the policy in force says."""
        end = self.next_update or self.this_update + policy_at(at).revocation_freshness
        return at <= end


def read_ocsp_answer(response: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> OCSPStatus:
    """What ``response`` (DER) says about ``certificate``, which ``issuer`` issued.

    1. It is a successful response within the limit, and understood where it says that it must be.
    2. Its responder is the issuer, or was named so by that same issuer for this purpose, and was valid then.
    3. The signature is the responder's, with a digest that is allowed.
    4. It speaks of this certificate: serial number, and both hashes of the issuer.
    5. Nothing critical about it is unknown, and its times make sense.

    Raises:
        OCSPInvalid: The first step that does not hold.
    """
    try:
        parsed = _parsed(response)  # 1
        responder = _responder(parsed, issuer)  # 2
        _require_signed(parsed, responder)  # 3
        n, single = _single(parsed, certificate, issuer)  # 4
        invalid_since = _invalid_since(response, n)  # 5
        _require_order(single, parsed)
        return _status(single, parsed, responder, invalid_since)
    except _UNREADABLE as error:
        raise _malformed("The OCSP response cannot be read.") from error


def answers_about(
    responses: Iterable[bytes],
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    listed: RevocationList | None,
) -> list[OCSPStatus]:
    """Those of the responses that state something about ``certificate``, of responders that ``listed`` does not revoke.

    ``listed`` is the issuer's own CRL.
    """
    found: list[OCSPStatus] = []
    for response in responses:
        with suppress(OCSPInvalid):
            status = read_ocsp_answer(response, certificate, issuer)
            if status.state is not CertificateState.UNKNOWN and not responder_was_revoked(status, issuer, listed):
                found.append(status)
    return found


def responder_was_revoked(status: OCSPStatus, issuer: x509.Certificate, listed: RevocationList | None) -> bool:
    """Whether the responder's certificate was revoked when it answered, unless it never is (id-pkix-ocsp-nocheck).

    Source: RFC 6960 section 4.2.2.2.1.
    """
    responder = status.responder
    if listed is None or responder == issuer:
        return False
    if any(isinstance(one.value, x509.OCSPNoCheck) for one in responder.extensions):
        return False
    status_listed = listed.status_of(responder)
    revocation = status_listed.revocation if status_listed else None
    return revocation is not None and revocation.at <= status.produced_at


def _malformed(detail: str) -> OCSPInvalid:
    return OCSPInvalid(detail, sub_indication=SubIndication.FORMAT_FAILURE)


def _parsed(response: bytes) -> ocsp.OCSPResponse:
    if len(response) > MAX_OCSP_BYTES:
        raise _malformed("The OCSP response is too long.")
    parsed = ocsp.load_der_ocsp_response(response)
    if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise OCSPInvalid("The responder gave no status.", sub_indication=SubIndication.TRY_LATER)
    if _basic(response)["signature"].contents[:1] != b"\0":  # the library would ignore unused bits
        raise _malformed("The signature of the OCSP response has unused bits.")
    if any(one.critical for one in parsed.extensions):
        raise _malformed("The OCSP response has a critical extension, which is not understood.")
    return parsed


def _basic(response: bytes) -> asn1_ocsp.BasicOCSPResponse:
    return asn1_ocsp.OCSPResponse.load(response, strict=True)["response_bytes"]["response"].parsed


def _responder(parsed: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate:
    for candidate in (issuer, *parsed.certificates[:MAX_RESPONDERS]):
        if _is_named(parsed, candidate) and (candidate == issuer or _is_delegated(candidate, issuer, parsed)):
            return candidate
    detail = "The responder is neither the issuer nor one that the issuer entrusted with OCSP."
    raise OCSPInvalid(detail, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def _is_named(parsed: ocsp.OCSPResponse, candidate: x509.Certificate) -> bool:
    if parsed.responder_name is not None:
        return parsed.responder_name == candidate.subject
    return parsed.responder_key_hash == _key_hash(candidate, "sha1")


def _is_delegated(candidate: x509.Certificate, issuer: x509.Certificate, parsed: ocsp.OCSPResponse) -> bool:
    """Source: RFC 6960 section 4.2.2.2."""
    try:
        purposes = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usage = candidate.extensions.get_extension_for_class(x509.KeyUsage).value
        candidate.verify_directly_issued_by(issuer)
    except (InvalidSignature, x509.ExtensionNotFound, *_UNREADABLE):
        return False
    digest, policy = candidate.signature_hash_algorithm, policy_at(parsed.produced_at_utc)
    strong = policy.allows_digest(digest.name if digest else None) and policy.allows_key(candidate.public_key())
    valid = candidate.not_valid_before_utc <= parsed.produced_at_utc <= candidate.not_valid_after_utc
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes and usage.digital_signature and strong and valid


def _require_signed(parsed: ocsp.OCSPResponse, responder: x509.Certificate) -> None:
    digest = parsed.signature_hash_algorithm
    if digest is None or not policy_at(parsed.produced_at_utc).allows_digest(digest.name):
        raise OCSPInvalid(
            "The digest of the OCSP response is too weak.", sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE
        )
    if not _is_signed_by(responder, parsed, digest):
        raise OCSPInvalid(
            "The OCSP response was changed after it was signed.", sub_indication=SubIndication.SIG_CRYPTO_FAILURE
        )


def _is_signed_by(responder: x509.Certificate, parsed: ocsp.OCSPResponse, digest: HashAlgorithm) -> bool:
    key = responder.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(parsed.signature, parsed.tbs_response_bytes, padding.PKCS1v15(), digest)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(parsed.signature, parsed.tbs_response_bytes, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        return False
    return False


def _single(
    parsed: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> tuple[int, ocsp.OCSPSingleResponse]:
    """The status of this certificate, and which one it is."""
    for n, single in enumerate(_singles(parsed)):
        if n >= MAX_SINGLE_RESPONSES:
            break
        name = single.hash_algorithm.name
        if (
            name in {"sha1", "sha256", "sha384", "sha512"}  # it names, and secures nothing: what it names is at hand
            and single.serial_number == certificate.serial_number
            and single.issuer_name_hash == hashlib.new(name, issuer.subject.public_bytes()).digest()
            and single.issuer_key_hash == _key_hash(issuer, name)
        ):
            return n, single
    detail = "The OCSP response is about another certificate."
    raise OCSPInvalid(detail, sub_indication=SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)


def _singles(parsed: ocsp.OCSPResponse) -> Iterator[ocsp.OCSPSingleResponse]:
    yield from parsed.responses


def _key_hash(certificate: x509.Certificate, digest: str) -> bytes:
    """The digest of the public key's bits, without its algorithm. Source: RFC 6960 section 4.1.1."""
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    key = parsed["tbs_certificate"]["subject_public_key_info"]["public_key"]
    return hashlib.new(digest, key.contents[1:]).digest()


def _invalid_since(response: bytes, n: int) -> datetime | None:
    """The invalidity date of the ``n``-th status. Source: RFC 6960 section 4.4.5, RFC 5280 section 5.3.2."""
    held = _basic(response)["tbs_response_data"]["responses"][n]["single_extensions"]
    found: datetime | None = None
    for extension in held if held.native is not None else ():
        if extension["extn_id"].native == "invalidity_date":
            found = extension["extn_value"].parsed.native.astimezone(UTC)
        elif extension["critical"].native:
            raise _malformed("The status has a critical extension, which is not understood.")
    return found


def _require_order(single: ocsp.OCSPSingleResponse, parsed: ocsp.OCSPResponse) -> None:
    """Source: RFC 6960 section 4.2.2.1."""
    end = single.next_update_utc
    if single.this_update_utc > parsed.produced_at_utc or (end is not None and end < single.this_update_utc):
        raise _malformed("The times of the OCSP response contradict each other.")


def _status(
    single: ocsp.OCSPSingleResponse,
    parsed: ocsp.OCSPResponse,
    responder: x509.Certificate,
    invalid_since: datetime | None,
) -> OCSPStatus:
    revoked_at = single.revocation_time_utc
    if revoked_at is not None and invalid_since is not None:
        revoked_at = min(revoked_at, invalid_since)
    nonces = [one.value.nonce for one in parsed.extensions if isinstance(one.value, x509.OCSPNonce)]
    return OCSPStatus(
        state=CertificateState(single.certificate_status.name.lower()),
        revocation=Revocation(at=revoked_at, reason=single.revocation_reason) if revoked_at is not None else None,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        produced_at=parsed.produced_at_utc,
        responder=responder,
        nonce=nonces[0] if nonces else None,
    )
