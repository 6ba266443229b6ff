"""A whole network with two systems that speak the national SDK's interface, and their clients."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from lienthong.embedded.register import client_id_of
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import Site
from lienthong.registry.domain.sealed_secrets import SecretSealer
from lienthong.registry.usecases.keep_systems import SystemKeeper
from lienthong.shared.database import Database
from tests.integration.acceptance.whole_network import WholeNetwork, whole_network
from tests.support.vxp import SECRET, SYSTEM_ID, Headers, SDKClient, captured, file_hash

DISTRICT_SYSTEM = "system.district-31"
DISTRICT_SECRET = "another-example-secret"
SYSTEMS = {SYSTEM_ID: ("H28", SECRET), DISTRICT_SYSTEM: ("H28.31", DISTRICT_SECRET)}


@dataclass(kw_only=True)
class Endpoint:
    """What an e-office system is configured with: one client object of the SDK, and the node that it calls."""

    base: str
    http: httpx.AsyncClient
    client: SDKClient = field(default_factory=SDKClient)

    async def call(self, operation: str, body: bytes = b"", **parameters: str) -> dict[str, Any]:
        """One call; the envelope. Everything in it that the SDK reads is text."""
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        answer = await self.send(operation, self.client.headers(named), body)
        envelope: dict[str, Any] = answer.json()
        assert answer.status_code == 200
        assert all(isinstance(envelope[name], str) for name in ("status", "ErrorCode", "ErrorDesc"))
        assert None not in envelope.values()
        return envelope

    async def send_edoc(self, file: bytes, kind: str = "edoc", **parameters: str) -> dict[str, Any]:
        """Sends a file as the SDK does: raw, with a line end after it."""
        named = {"servicetype": "eDoc", "messagetype": kind, "hash-file": file_hash(file), **parameters}
        headers = self.client.headers(named, content_type="application/octet-stream")
        envelope: dict[str, Any] = (await self.send("sendEdoc", headers, file + b"\r\n")).json()
        return envelope

    async def send(self, operation: str, headers: Headers, body: bytes, *, method: str = "POST") -> httpx.Response:
        """One request with these headers, byte for byte."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return await self.http.request(method, f"{self.base}/vxp/{operation}", headers=raw, content=body)

    async def replay(self, name: str) -> httpx.Response:
        """A captured request as it was, but for what belongs to its connection."""
        request = captured(name)
        own = [(key, value) for key, value in request.headers if key not in {"Host", "Content-Length", "Connection"}]
        return await self.send(request.path.rpartition("/")[2], own, request.body, method=request.method)


async def _add_systems(site: Site, secrets: SecretBox) -> None:
    registry = Database(site.registry.database_url)
    try:
        keeper = SystemKeeper(registry, SecretSealer(secrets["registry-systems"]))
        for system_id, (agency, secret) in SYSTEMS.items():
            client = next(client_id_of(one) for one in site.network.agencies if one.code == agency)
            await keeper.add(system_id, client, secret, by="tests", now=datetime.now(UTC))
    finally:
        await registry.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeNetwork]:
    async with whole_network(tmp_path_factory.mktemp("vxp"), prepare=_add_systems) as serving:
        yield serving


@pytest.fixture
def province(network: WholeNetwork) -> Endpoint:
    return Endpoint(base=network.url("H28"), http=network.http)


@pytest.fixture
def district(network: WholeNetwork) -> Endpoint:
    client = SDKClient(system_id=DISTRICT_SYSTEM, secret=DISTRICT_SECRET)
    return Endpoint(base=network.url("H28.31"), http=network.http, client=client)
