"""Asks OCSP responders about certificates that no fresh revocation list speaks of. Bounded in time; never required."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID

from lienthong.shared.clients.ocsp import OCSPClient, OCSPRefused, OCSPUnavailable
from lienthong.shared.signatures.trust import Unanswered

PATIENCE: Final = timedelta(seconds=2)
"""For all questions of one document together: so long a responder that hangs can hold a document up, and once."""
SILENCE: Final = timedelta(seconds=30)
"""How long a responder that did not answer is not asked again."""
KEPT_FOR: Final = timedelta(minutes=5)
"""How long an answer serves for the next documents of the same signer."""
MAX_QUESTIONS: Final = 8
"""Certificates that are asked about for one document."""
MAX_ANSWERS: Final = 2_000
"""Answers that are kept: 2 KiB each."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Responders:
    """The responders that certificates name, as one process knows them. ``clock`` tells the time, aware."""

    http: httpx.AsyncClient
    clock: Callable[[], datetime]
    _answers: dict[tuple[bytes, int], tuple[datetime, bytes | None]] = field(default_factory=dict, init=False)
    _silent: dict[str, datetime] = field(default_factory=dict, init=False)

    async def ask(self, wanted: Iterable[Unanswered]) -> tuple[bytes, ...]:
        """Answers (OCSPResponse, DER, unverified) about some of ``wanted``; empty when nobody answers in time."""
        questions = [asyncio.create_task(self._answer(*one)) for one in list(wanted)[:MAX_QUESTIONS]]
        if not questions:
            return ()
        try:
            done, _ = await asyncio.wait(questions, timeout=PATIENCE.total_seconds())
        finally:
            for task in questions:
                task.cancel()
        found = await asyncio.gather(*(one for one in questions if one in done), return_exceptions=True)
        return tuple(one for one in found if isinstance(one, bytes))

    async def _answer(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        key, now = (issuer.fingerprint(SHA256()), certificate.serial_number), self.clock()
        kept_at, kept = self._answers.get(key, (None, None))
        if kept_at is not None and now - kept_at <= KEPT_FOR:
            return kept
        url = responder_of(certificate)
        if url is None or now < self._silent.get(url, now):
            return None
        return await self._fetched(url, key, OCSPClient(url, self.http).status(certificate, issuer))

    async def _fetched(self, url: str, key: tuple[bytes, int], asking: Awaitable[bytes]) -> bytes | None:
        answer: bytes | None = None
        try:
            answer = await asking
        except OCSPRefused as error:
            _log.warning("no certificate status", responder=url, code=error.code)
        except (OCSPUnavailable, asyncio.CancelledError) as error:
            self._silent[url] = self.clock() + SILENCE
            _log.warning("the OCSP responder does not answer", responder=url)
            if isinstance(error, asyncio.CancelledError):
                raise
            return None
        if len(self._answers) >= MAX_ANSWERS:
            self._answers.clear()
        self._answers[key] = (self.clock(), answer)
        return answer


def responder_of(certificate: x509.Certificate) -> str | None:
    """Where its issuer says that questions about it are answered. Source: RFC 5280 section 4.2.2.1.

    Only for certificates whose chain to an anchor holds: strangers must not choose whom a node calls.
    """
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    places = (
        str(one.access_location.value)
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    )
    return next((one for one in places if urlsplit(one).scheme in {"http", "https"}), None)
