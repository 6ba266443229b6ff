"""Connects to a webhook's receiver at an address that was judged: what was resolved is what is called."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final

import httpx

from lienthong.exchange.domain.webhook_addresses import IPNetwork, require_permitted_address

RESOLVERS: Final = 8
"""Names that are resolved at the same time, in threads of their own: a slow name server holds up no other work."""

Resolve = Callable[[str, int], Sequence[str]]


def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the system resolves ``host`` to. Raises :class:`OSError`."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedTransport(httpx.AsyncBaseTransport):
    """Judges every address that a name resolves to, then connects to one of exactly these.

    A name that resolves otherwise a moment later (DNS rebinding) changes nothing. Connections are not kept: one that
    was made for a name must not serve another name at the same address. Nothing is taken from the environment.
    """

    def __init__(
        self, networks: Sequence[IPNetwork], verify: ssl.SSLContext, *, resolve: Resolve = system_addresses
    ) -> None:
        self._networks = networks
        self._resolve = resolve
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhook-names")
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises :class:`.WebhookAddressRefused`, and :class:`httpx.TransportError` as any transport."""
        address = await self._permitted(request)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the name in Host
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Closes what is open."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._inner.aclose()

    async def _permitted(self, request: httpx.Request) -> str:
        host, port = request.url.host, request.url.port or 443
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._resolve, host, port)
            addresses = [ip_address(one) for one in found]
        except (OSError, ValueError) as error:
            raise httpx.ConnectError("The receiver's name cannot be resolved.", request=request) from error
        for one in addresses:
            require_permitted_address(one, self._networks)
        if not addresses:
            raise httpx.ConnectError("The receiver's name has no address.", request=request)
        return str(addresses[0])
