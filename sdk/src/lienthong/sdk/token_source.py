"""Access tokens for one client, from the registry."""

import httpx

from lienthong.shared.clients.registry import Credential, RegistryClient


class TokenSource:
    """Tokens per audience, kept until shortly before they lapse, or until a service refuses one."""

    def __init__(self, http: httpx.AsyncClient, *, registry_url: str, credential: Credential) -> None:
        self._http = http
        self._registry_url = registry_url
        self._credential = credential
        self._registry = self._fresh()

    async def token(self, audience: str) -> str:
        """A token for ``audience``. Raises TokenRefused or RegistryUnavailable."""
        return await self._registry.token(audience)

    def forget(self) -> None:
        """Drops the tokens held: a service refused one."""
        self._registry = self._fresh()

    def _fresh(self) -> RegistryClient:
        return RegistryClient(self._registry_url, self._http, credential=self._credential)
