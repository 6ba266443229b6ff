"""A whole provisioned network in one process, spoken to over its real port as e-office systems do."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import func, select

from lienthong.embedded.gate import Gate
from lienthong.embedded.network import Network, four_levels
from lienthong.embedded.provision import provision
from lienthong.embedded.register import OPERATOR_CLIENT
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.serve import _listening, _Parts, _serving
from lienthong.embedded.site import Site, embedded_site
from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox, statuses, submissions
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE, node_audience
from lienthong.shared.database import Database
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import AgencyCode, NodeId

DATA: Final = Path(__file__).parents[2] / "data" / "edxml"
NEIGHBOUR: Final = "H28.02"
"""An agency on the node H28 that has nothing to do with the documents of H28."""
PATIENCE_S: Final = 30
CONNECTIONS: Final = httpx.Limits(keepalive_expiry=1)
"""Idle ones are left before the server, after 5 s, closes them under a request."""
TABLES: Final = (documents, submissions, outbox, deliveries, evidence, statuses)
INTERNALS: Final = (
    "traceback",
    'file "',
    ".py",
    "site-packages",
    "select ",
    "insert ",
    "sqlite",
    "asyncpg",
    "sqlalchemy",
    "postgres",
    "pydantic",
    "lxml",
    "starlette",
    "fastapi",
    "uvicorn",
    "joserfc",
    "cryptography",
    "lienthong.",
    "pytest-",
    "object at 0x",
)
"""What an answer to a client never holds, in lower case."""


@dataclass(kw_only=True, repr=False)
class WholeNetwork:
    """The network that serves, and what its tests need to know of it."""

    site: Site
    secrets: SecretBox
    http: httpx.AsyncClient
    databases: Mapping[str, Database]
    gates: Mapping[str, Gate]
    """Before each service, by its path."""
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def url(self, node: str) -> str:
        """Base URL of a node's REST API."""
        return self.site.nodes[NodeId(node)].url

    @contextmanager
    def away(self, service: str) -> Iterator[None]:
        """Shuts a node (by its id) or another service (by its name) off while the block runs."""
        gate = self.gates[f"/nodes/{service}" if f"/nodes/{service}" in self.gates else f"/{service}"]
        gate.is_open = False
        try:
            yield
        finally:
            gate.is_open = True

    def node_of(self, agency: str) -> str:
        """The node that serves ``agency``."""
        return next(str(one.node) for one in self.site.network.agencies if one.code == agency)

    async def token(self, agency: str, audience: str | None = None) -> str:
        """A real access token of the agency's e-office system; for its node unless another audience is given."""
        audience = audience or node_audience(NodeId(self.node_of(agency)))
        if (agency, audience) not in self.tokens:
            client = OPERATOR_CLIENT if agency == OPERATOR_CLIENT else f"e-office.{agency}"
            answer = await self.http.post(
                f"{self.site.registry.url}/oauth2/token",
                data={"grant_type": "client_credentials", "resource": audience},
                auth=(client, self.secrets[f"client-{client}"]),
            )
            self.tokens[agency, audience] = answer.raise_for_status().json()["access_token"]
        return self.tokens[agency, audience]

    async def call(self, agency: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One request of an agency's e-office system to its node."""
        headers = {"Authorization": f"Bearer {await self.token(agency)}", **arguments.pop("headers", {})}
        return await self.http.request(method, self.url(self.node_of(agency)) + path, headers=headers, **arguments)

    async def sign_call(self, agency: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One request of an agency's e-office system to the signing service."""
        token = await self.token(agency, SIGNING_AUDIENCE)
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        return await self.http.request(method, self.site.signing.url + path, headers=headers, **arguments)

    async def submit(
        self, agency: str, package: bytes, *, media_type: str = EDXML, **headers: str | bytes
    ) -> httpx.Response:
        """Submits a package as ``agency``."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call(
            agency, "POST", "/v1/documents", content=package, headers={"Content-Type": media_type, **given}
        )

    async def arrived(self, agency: str, document: str) -> dict[str, Any]:
        """The line of the agency's inbox that holds ``document``; waits for it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async for item in self.inbox(agency):
                    if item["document"]["id"] == document:
                        return item
                await asyncio.sleep(0.02)

    async def known(self, agency: str, document: str) -> dict[str, Any]:
        """The agency's delivery of ``document``, in an inbox or no more; waits for it."""
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self.call(agency, "GET", f"/v1/documents/{document}")).is_error:
                await asyncio.sleep(0.02)
        [delivery] = [one for one in answer.json()["deliveries"] if one["code"] == agency]
        return dict(delivery)

    async def inbox(self, agency: str) -> AsyncIterator[dict[str, Any]]:
        """Every line of the agency's inbox, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "500", **({"cursor": cursor} if cursor else {})}
            page = (await self.call(agency, "GET", "/v1/inbox", params=query)).raise_for_status().json()
            for item in page["items"]:
                yield item
            cursor = page["next"]

    async def holdings(self, node: str) -> dict[str, Any]:
        """Everything that a submission may leave on a node: rows by table, packages, spooled files."""
        place = self.site.nodes[NodeId(node)]
        async with self.databases[node].read() as connection:
            rows = {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in TABLES
            }
        return {
            **rows,
            "packages": files_in(Path(place.blobs_url.removeprefix("file://"))),
            "spool": files_in(self.site.state_dir / "nodes" / node / "spool"),
        }

    async def quiet(self, node: str) -> dict[str, Any]:
        """The node's holdings once nothing is on its way: two looks see the same, and the outboxes are empty."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                before = await self.holdings(node)
                await asyncio.sleep(0.03)
                waiting = [(await self.holdings(one))["outbox"] for one in self.databases]
                if before == await self.holdings(node) and not any(waiting):
                    return before


def files_in(folder: Path) -> list[str]:
    """Names of all files below ``folder``."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def assert_problem(answer: httpx.Response, status: int, code: str, *, hop: str) -> dict[str, Any]:
    """Checks that ``answer`` is that problem, says what to do, and reveals nothing; gives its document."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert (problem["code"], problem["type"]) == (code, f"urn:lienthong:problem:{code}")
    assert (problem["status"], problem["hop"]) == (status, hop)
    assert problem["title"]
    assert len(problem["detail"]) > 15
    assert_reveals_nothing(answer)
    return problem


def assert_reveals_nothing(answer: httpx.Response) -> None:
    """Checks that an answer holds nothing of the inside: no traceback, path, SQL, name of a library."""
    said = answer.text.lower().replace("vn.lienthong.", "")  # types of events, which are published
    assert [word for word in INTERNALS if word in said] == [], answer.text


def plan() -> Network:
    """Four levels in one line, and an agency more on the province's node."""
    network = four_levels()
    neighbour = AgencyEntry(
        code=AgencyCode(NEIGHBOUR),
        old_code=AgencyCode("000.00.02.H28"),
        name="Sở Nội vụ tỉnh Hòa Bình",
        parent=AgencyCode("H28"),
        level=Level.PROVINCE,
        node=NodeId("H28"),
    )
    return replace(network, agencies=(*network.agencies, neighbour))


@asynccontextmanager
async def whole_network(
    folder: Path,
    *,
    database: Callable[[str], str] | None = None,
    prepare: Callable[[Site, SecretBox], Awaitable[None]] | None = None,
) -> AsyncIterator[WholeNetwork]:
    """Provisions and serves the network.

    Args:
        folder: For everything that it stores.
        database: Gives the URL of an empty database by name; None: SQLite.
        prepare: Adds to what was provisioned, before anything serves.
    """
    with _listening(0) as listener:
        site = embedded_site(plan(), state_dir=folder, port=listener.getsockname()[1])
        if database is not None:
            site = _on(site, database)
        secrets = await provision(site)
        if prepare is not None:
            await prepare(site, secrets)
        databases = {str(node): Database(place.database_url) for node, place in site.nodes.items()}
        parts = _Parts(site, secrets)
        try:
            async with _serving(parts.app(), listener), parts.opened(), _client() as http:
                gates = {path: gate for path, (_, gate) in (*parts._services.items(), *parts._nodes.items())}
                yield WholeNetwork(site=site, secrets=secrets, http=http, databases=databases, gates=gates)
        finally:
            for one in databases.values():
                await one.close()


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=60, limits=CONNECTIONS)


def _on(site: Site, database: Callable[[str], str]) -> Site:
    nodes = {
        node: replace(place, database_url=database(f"node_{node.replace('.', '_').lower()}"))
        for node, place in site.nodes.items()
    }
    return replace(
        site,
        registry=replace(site.registry, database_url=database("registry")),
        signing=replace(site.signing, database_url=database("signing")),
        nodes=nodes,
    )


def as_json(value: object) -> bytes:
    """JSON as a client writes it, escapes for everything that is not ASCII: lone surrogates pass."""
    return json.dumps(value).encode("ascii")
