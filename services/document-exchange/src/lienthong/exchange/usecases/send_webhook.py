"""One event to one receiver: signed, bounded in time and size, to addresses that were judged."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx

from lienthong.exchange.domain.webhook_addresses import WebhookAddressRefused, require_permitted_url
from lienthong.exchange.domain.webhook_pace import Attempt, Outcome, judge_answer
from lienthong.exchange.usecases.guarded_transport import GuardedTransport, Resolve, system_addresses
from lienthong.exchange.usecases.node_keys import key_id
from lienthong.exchange.usecases.process import Process
from lienthong.shared.contracts.events import CLOUD_EVENT, CloudEvent
from lienthong.shared.signatures.http_messages import SignatureTerms, SignedRequest, signed_headers

ANSWER_TIME: Final = timedelta(seconds=10)
"""From the look-up of the name to the end of the answer."""
MAX_ANSWER_BYTES: Final = 16 * 1024
"""Of an answer's body that are read; what they say does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """Sends in the name of one node."""

    process: Process
    http: httpx.AsyncClient

    async def send(self, url: str, event: CloudEvent) -> Attempt:
        """What became of it. Never raises for what is the receiver's."""
        try:
            require_permitted_url(url, self.process.settings.webhook_networks)
            async with asyncio.timeout(ANSWER_TIME.total_seconds()):
                return await self._send(url, event)
        except WebhookAddressRefused as error:
            return Attempt(outcome=Outcome.FAILED, error=error.detail)
        except (TimeoutError, httpx.TimeoutException):
            seconds = int(ANSWER_TIME.total_seconds())
            return Attempt(outcome=Outcome.FAILED, error=f"The receiver did not answer within {seconds} s.")
        except httpx.ConnectError:
            return Attempt(outcome=Outcome.FAILED, error="No connection: no such name, refused, or not trusted (TLS).")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError):
            return Attempt(outcome=Outcome.FAILED, error="The connection broke off, or the answer is no HTTP.")

    async def _send(self, url: str, event: CloudEvent) -> Attempt:
        body = event.to_json().encode()
        request = self.http.build_request("POST", url, content=body)
        request.headers.update(self._signed(str(request.url), event, body))
        answer = await self.http.send(request, stream=True)
        try:
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > MAX_ANSWER_BYTES:
                    break
        finally:
            await answer.aclose()
        return judge_answer(answer.status_code, retry_after=answer.headers.get("Retry-After"))

    def _signed(self, url: str, event: CloudEvent, body: bytes) -> dict[str, str]:
        key = self.process.seal_key
        terms = SignatureTerms(created=self.process.clock(), key_id=key_id(key), nonce=event.id)
        request = SignedRequest(method="POST", target_uri=url, content_type=CLOUD_EVENT, body=body)
        return dict(signed_headers(request, key.private_key, terms=terms))


def normal_url(url: str) -> str:
    """The address as it is called and signed. Raises :class:`WebhookAddressRefused`."""
    try:
        parsed = httpx.URL(url)
        return str(parsed.copy_with(raw_path=parsed.raw_path))  # "/" where there is no path: as it is sent
    except httpx.InvalidURL as error:
        raise WebhookAddressRefused("The address is not a URL.") from error


@asynccontextmanager
async def open_sender(process: Process, *, resolve: Resolve = system_addresses) -> AsyncIterator[WebhookSender]:
    """A sender with connections of its own."""
    verify = await asyncio.to_thread(_trusted_roots, process)
    transport = GuardedTransport(process.settings.webhook_networks, verify, resolve=resolve)
    headers = {"User-Agent": f"lienthong-node/{process.here}", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(
        transport=transport, headers=headers, timeout=ANSWER_TIME.total_seconds(), trust_env=False
    ) as http:
        yield WebhookSender(process=process, http=http)


def _trusted_roots(process: Process) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if process.settings.webhook_roots is not None:
        context.load_verify_locations(cafile=process.settings.webhook_roots)
    return context
