"""An OCSP responder as its clients call it. Source: RFC 6960 section 4.1, appendix A; RFC 9654.

The caller gives the HTTP client, and with it connections and timeouts.
"""

import secrets
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lienthong.shared.clients.time_stamping import AnswerUnusable, read_answer
from lienthong.shared.errors import InvalidInput, Unavailable

REQUEST_MEDIA_TYPE: Final = "application/ocsp-request"
"""Source: RFC 6960 appendix C.1."""
RESPONSE_MEDIA_TYPE: Final = "application/ocsp-response"
"""Source: RFC 6960 appendix C.2."""
MAX_RESPONSE_BYTES: Final = 64 * 1024
"""Longest response that is read: one answer with its responder's certificate has about 2 KiB."""
NONCE_BYTES: Final = 32
"""Source: RFC 9654 section 2.1."""
_TRY_AGAIN: Final = (ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.INTERNAL_ERROR)


class OCSPUnavailable(Unavailable):
    """The OCSP responder does not answer, or not with an answer to this request."""

    code = "ocsp-unavailable"
    title = "The OCSP responder is away"


class OCSPRefused(InvalidInput):
    """The OCSP responder does not speak for this certificate; ``facts`` has its status."""

    code = "ocsp-refused"
    title = "The OCSP responder refused"


class OCSPClient:
    """Speaks to one OCSP responder.

    Args:
        url: Where requests are posted, as certificates name it.
        http: Whose connections and timeouts are used; the caller closes it.
    """

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http

    async def status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        """The responder's answer (OCSPResponse, DER) about ``certificate``.

        That it answers this request (by its nonce) was checked; signature, responder and times were **not**: see
        :mod:`lienthong.shared.signatures.ocsp`.

        Raises:
            OCSPUnavailable: No answer, or one that is of no use; try again later.
            OCSPRefused: A refusal that will stay.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        # SHA-1 names the issuer and secures nothing; every responder understands it (RFC 5019 section 2.1.1)
        draft = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303
        request = draft.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        response = await self._post(request.public_bytes(Encoding.DER))
        require_answer_to(response, nonce=nonce)
        return response

    async def _post(self, request: bytes) -> bytes:
        try:
            headers = {"Content-Type": REQUEST_MEDIA_TYPE, "Accept": RESPONSE_MEDIA_TYPE}
            async with self._http.stream("POST", self._url, content=request, headers=headers) as answer:
                return await read_answer(answer, limit_bytes=MAX_RESPONSE_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL, AnswerUnusable) as error:
            raise OCSPUnavailable("The OCSP responder cannot be reached; try again.") from error


def require_answer_to(response: bytes, *, nonce: bytes) -> None:
    """That a response is successful, and, where it repeats a nonce, that it is this one.

    Responders that answer from prepared responses repeat none; freshness is then told by the times in it.

    Raises:
        OCSPUnavailable: Unreadable, another's answer, or the responder is not able to answer now.
        OCSPRefused: It does not speak for the certificate, or did not understand the request.

    Source: RFC 6960 sections 4.2.1 and 4.4.1.
    """
    try:
        parsed = ocsp.load_der_ocsp_response(response)
        successful = parsed.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        answered = (
            [one.value.nonce for one in parsed.extensions if isinstance(one.value, x509.OCSPNonce)]
            if successful
            else []
        )
    except (ValueError, TypeError) as error:
        raise OCSPUnavailable("The OCSP responder sent something else than an OCSP response.") from error
    if parsed.response_status in _TRY_AGAIN:
        raise OCSPUnavailable("The OCSP responder cannot answer now; try again.")
    if not successful:
        name = parsed.response_status.name.lower()
        raise OCSPRefused(f"The OCSP responder refused: {name}.", facts={"ocsp_status": name})
    if answered and answered != [nonce]:
        raise OCSPUnavailable("The OCSP responder answered another request than this one.")
