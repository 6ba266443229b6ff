"""OCSP: whether an answer may be relied on for a certificate at a moment. Source: RFC 6960 section 3.2."""

from datetime import datetime

from cryptography import x509

from lienthong.shared.signatures.ocsp_answers import (
    CertificateState,
    OCSPInvalid,
    OCSPStatus,
    read_ocsp_answer,
    responder_was_revoked,
)
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import TrustStore

__all__ = ["CertificateState", "OCSPInvalid", "OCSPStatus", "answers_request", "check_ocsp"]


def check_ocsp(
    response: bytes, certificate: x509.Certificate, issuer: x509.Certificate, *, trust: TrustStore, at: datetime
) -> OCSPStatus:
    """What a responder says about ``certificate``, if it may be relied on.

    1. The response is about this certificate and signed by its issuer, or by a responder that the issuer entrusted with
       it (:func:`ocsp_answers.read_ocsp_answer`).
    2. The responder itself was not revoked when it answered, where it can be.
    3. The answer can still speak for ``at``. One that was made later can: revocation is not lifted.

    A status ``unknown`` is an answer: the caller treats it as no statement. That an answer is the one to a request is
    told by :func:`answers_request`.

    Args:
        response: OCSPResponse, DER.
        certificate: The certificate in question.
        issuer: Whose subject and key issued it, checked by the caller.
        trust: CRLs about the responder.
        at: The moment in question.

    Raises:
        OCSPInvalid: The first step that does not hold; TRY_LATER for a stale one.
    """
    status = read_ocsp_answer(response, certificate, issuer)  # 1
    if responder_was_revoked(status, issuer, trust.list_of(issuer)):  # 2
        detail = "The responder's certificate was revoked before it answered."
        raise OCSPInvalid(detail, sub_indication=SubIndication.REVOKED_NO_POE)
    if not status.is_fresh(at):  # 3
        raise OCSPInvalid("The OCSP response is stale.", sub_indication=SubIndication.TRY_LATER)
    return status


def answers_request(status: OCSPStatus, nonce: bytes) -> bool:
    """Whether the answer is to the request with ``nonce``; False for a replayed one.

    An answer without a nonce may be to any request: responders prepare answers ahead, and freshness is then told by the
    times in it. Source: RFC 6960 section 4.4.1, RFC 9654.
    """
    return status.nonce is None or status.nonce == nonce
