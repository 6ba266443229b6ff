"""The signing service's REST API as other services call it.

The caller gives the HTTP client, and with it connections and timeouts. Nothing is repeated here: a signature may be
asked for again, but whether that is wanted only the caller knows.
"""

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from cryptography import x509
from pydantic import BaseModel, ValidationError

from lienthong.shared.contracts.renewal import RENEWAL_TYPE, RenewalRequest
from lienthong.shared.errors import Forbidden, InvalidInput, NotFound, Unavailable
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.keys import SignatureAlgorithm
from lienthong.shared.signatures.report import Report
from lienthong.shared.signatures.seals import SealKey

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Longest JSON answer that is read: a trust list with a large CRL."""
PIECE_BYTES = 256 * 1024
_FORBIDDEN = (401, 403)

Shape = TypeVar("Shape", bound=BaseModel)
TokenSource = Callable[[], Awaitable[str]]
"""Gives a bearer token with the audience ``urn:lienthong:signing``."""


class SigningUnavailable(Unavailable):
    """The signing service does not answer, or not with what was asked for."""

    code = "signing-unavailable"
    title = "The signing service is away"


class SigningRefused(InvalidInput):
    """The signing service refused the request; ``facts`` has its problem code."""

    code = "signing-refused"
    title = "The signing service refused"


class SigningForbidden(Forbidden):
    """The signing service does not let this client do that."""

    code = "signing-forbidden"
    title = "The signing service does not allow this"


class RemoteKeyMissing(NotFound):
    """The agency has no usable remote key."""

    code = "remote-key-missing"
    title = "The agency has no remote signing key"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSignature:
    """``value`` is DER for ECDSA; ``certificates`` are leaf first, the root left out. Parsed, not verified."""

    value: bytes
    algorithm: SignatureAlgorithm
    certificates: tuple[x509.Certificate, ...]


class _SignatureAnswer(BaseModel):
    signature: str
    algorithm: SignatureAlgorithm
    certificates: list[str]


class SigningClient:
    """Speaks to one signing service.

    Args:
        base_url: Without a trailing slash.
        http: Whose connections are used; the caller closes it.
        token: Gives the bearer token; only the trust list goes without.
    """

    def __init__(self, base_url: str, http: httpx.AsyncClient, token: TokenSource | None = None) -> None:
        self._base_url = base_url
        self._http = http
        self._token = token

    async def trust_list(self) -> str:
        """The trust material: a compact JWS, **not** verified. Raises :class:`SigningUnavailable`.

        :func:`~lienthong.shared.signatures.trust_list.open_trust_list` opens it.
        """
        async with self._answer("GET", "/v1/trust-list", authorised=False) as answer:
            return (await _content(answer)).decode("ascii", "replace")

    async def sign_raw(self, agency: AgencyCode, data: bytes) -> RemoteSignature:
        """A signature over ``data`` (1 byte to 64 KiB) with the agency's remote key.

        Raises:
            RemoteKeyMissing: The agency has none.
            SigningForbidden: This client may not sign for the agency.
            SigningRefused: Another refusal.
            SigningUnavailable: No answer.
        """
        body = {"agency": agency, "format": "raw", "data": b64encode(data).decode()}
        async with self._answer("POST", "/v1/signatures", json=body) as answer:
            signed = _parsed(_SignatureAnswer, await _content(answer))
        try:
            return RemoteSignature(
                value=b64decode(signed.signature, validate=True),
                algorithm=signed.algorithm,
                certificates=tuple(x509.load_pem_x509_certificate(pem.encode()) for pem in signed.certificates),
            )
        except (Base64Error, ValueError) as error:
            raise SigningUnavailable("The signing service sent a signature that cannot be read.") from error

    async def sign_pdf(
        self, agency: AgencyCode, pdf: Path, *, out: Path, level: str = "B-B", document_code: str | None = None
    ) -> str:
        """Writes the PDF, signed with the agency's remote key, to ``out``. Raises as :meth:`sign_raw`.

        Args:
            agency: Whose key.
            pdf: The PDF.
            out: The signed one.
            level: The wish: ``B-B``, ``B-T``, ``B-LT`` or ``B-LTA``.
            document_code: Number and symbol, shown under a visible seal; None: invisible.

        Returns:
            The level that was reached.
        """
        query = {"agency": agency, "format": "pades", "level": level}
        if document_code is not None:
            query |= {"visible": "true", "document_code": document_code}
        async with self._upload("/v1/signatures", pdf, query, media_type="application/pdf") as answer:
            with out.open("wb") as written:
                async for piece in answer.aiter_bytes(PIECE_BYTES):
                    written.write(piece)
            return str(answer.headers.get("Signature-Level", ""))

    async def validate(self, path: Path, *, media_type: str, at: datetime | None = None) -> Report:
        """The report on a PDF or a package, as of ``at`` (None: now). Raises as :meth:`sign_raw`."""
        query = {"at": at.isoformat()} if at else {}
        async with self._upload("/v1/validations", path, query, media_type=media_type) as answer:
            return _parsed(Report, await _content(answer))

    async def issue(self, csr_pem: str, *, profile: str, subject: dict[str, str]) -> str:
        """The certificate (PEM) for a request; ``subject`` has name and agency or node. Raises as :meth:`sign_raw`."""
        body = {"csr": csr_pem, "profile": profile, "subject": subject}
        async with self._answer("POST", "/v1/certificates", json=body) as answer:
            return _parsed(_CertificateAnswer, await _content(answer)).certificate

    async def renew(self, key: SealKey, csr_pem: str) -> str:
        """The next certificate (PEM) of the holder of ``key``; only the key of the request is taken.

        Raises as :meth:`sign_raw`.
        """
        serial = f"{key.chain[0].serial_number:040x}"
        proof = key.seal(RENEWAL_TYPE, RenewalRequest(serial=serial, csr=csr_pem))
        path = f"/v1/certificates/{serial}/renewal"
        async with self._answer("POST", path, authorised=False, json={"request": proof}) as answer:
            return _parsed(_CertificateAnswer, await _content(answer)).certificate

    @asynccontextmanager
    async def _upload(
        self, path: str, file: Path, query: dict[str, str], *, media_type: str
    ) -> AsyncIterator[httpx.Response]:
        size = (await asyncio.to_thread(file.stat)).st_size
        headers = {"Content-Type": media_type, "Content-Length": str(size)}
        async with self._answer("POST", path, params=query, content=_pieces(file), headers=headers) as answer:
            yield answer

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        authorised: bool = True,
        **request: Any,  # noqa: ANN401 — httpx's own
    ) -> AsyncIterator[httpx.Response]:
        headers = dict(request.pop("headers", {}))
        if authorised and self._token is not None:
            headers["Authorization"] = f"Bearer {await self._token()}"
        try:
            async with self._http.stream(method, self._base_url + path, headers=headers, **request) as answer:
                if not answer.is_success:
                    _refuse(answer.status_code, await _content(answer))
                yield answer
        except httpx.HTTPError as error:
            raise SigningUnavailable("The signing service cannot be reached; try again.") from error


class _CertificateAnswer(BaseModel):
    certificate: str


class _Problem(BaseModel):
    code: str = ""
    detail: str = ""


def _refuse(status: int, content: bytes) -> None:
    if status >= 500 or status == 429:
        raise SigningUnavailable("The signing service cannot answer now; try again.")
    try:
        problem = _Problem.model_validate_json(content)
    except ValidationError:
        problem = _Problem()
    facts = {"signing_code": problem.code, "signing_status": status}
    if problem.code == RemoteKeyMissing.code:
        raise RemoteKeyMissing(problem.detail, facts=facts)
    if status in _FORBIDDEN:
        raise SigningForbidden(problem.detail or "The signing service does not allow this.", facts=facts)
    raise SigningRefused(problem.detail or "The signing service refused the request.", facts=facts)


async def _content(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > MAX_ANSWER_BYTES:
            raise SigningUnavailable("The signing service sent more than is read.")
    return bytes(content)


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece


def _parsed(shape: type[Shape], content: bytes) -> Shape:
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        raise SigningUnavailable("The signing service sent an answer of another form.") from error
