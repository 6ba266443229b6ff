"""Four nodes in one process, in one line from centre to commune: real databases, blobs, seals, bus and workers."""

import asyncio
import contextlib
import dataclasses
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from sqlalchemy import Table, select

from lienthong.exchange.config import MIGRATIONS, Settings
from lienthong.exchange.factory import Factory, open_factory
from lienthong.exchange.main import ROUTERS
from lienthong.exchange.worker import Worker
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.contracts.directory import DIRECTORY_TYPE, AgencyEntry, DirectorySnapshot, Level, NodeEntry
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import (
    BusinessStatus,
    Code,
    DocumentHeader,
    DocumentType,
    Organ,
    OtherInfo,
    PromulgationInfo,
    ResponseFor,
    StatusHeader,
)
from lienthong.shared.edxml.writer import AttachmentSource, write_document, write_status
from lienthong.shared.identifiers import AgencyCode, NodeId, new_uuid
from lienthong.shared.migrating import migrate
from lienthong.shared.serving import create_app
from lienthong.shared.tokens import TokenVerifier
from tests.support.pki import PKI

ISSUER = "http://danhba.invalid"
NODES: Mapping[str, tuple[str | None, Level, str]] = {
    "G22": (None, Level.CENTRAL, "Văn phòng Chính phủ"),
    "H28": ("G22", Level.PROVINCE, "UBND tỉnh Hòa Bình"),
    "H28.31": ("H28", Level.DISTRICT, "UBND huyện Mai Châu"),
    "H28.31.05": ("H28.31", Level.COMMUNE, "UBND xã Hang Kia"),
}
OLD_CODES = {"G22": "000.00.00.G22", "H28": "000.00.00.H28", "H28.31": "000.00.31.H28", "H28.31.05": "000.05.31.H28"}
UNITS = tuple(AgencyCode(f"H28.31.05.{number:02}") for number in range(1, 61))
"""Agencies that the commune's node serves besides its own: more than fit one envelope."""
PATIENCE_S = 20


def snapshot(now: datetime, *, version: int = 1) -> DirectorySnapshot:
    """Every node on a broker of its own, so that everything goes hop by hop."""
    nodes = tuple(
        NodeEntry(
            id=NodeId(one),
            parent=NodeId(parent) if parent else None,
            name=name,
            level=level,
            broker=f"broker-{one}",
            url=f"http://{one.lower()}",
        )
        for one, (parent, level, name) in NODES.items()
    )
    agencies = [
        AgencyEntry(
            code=AgencyCode(one),
            old_code=AgencyCode(OLD_CODES[one]),
            name=name,
            parent=AgencyCode(parent) if parent else None,
            level=level,
            node=NodeId(one),
        )
        for one, (parent, level, name) in NODES.items()
    ]
    second = AgencyEntry(
        code=AgencyCode("H28.31.01"),
        name="Phòng Nội vụ huyện Mai Châu",
        parent=AgencyCode("H28.31"),
        level=Level.DISTRICT,
        node=NodeId("H28.31"),
    )
    units = [
        second.model_copy(update={"code": unit, "parent": AgencyCode("H28.31.05"), "node": NodeId("H28.31.05")})
        for unit in UNITS
    ]
    unplaced = second.model_copy(update={"code": AgencyCode("H28.99"), "node": None})
    return DirectorySnapshot(
        version=version,
        issued_at=now - timedelta(minutes=1),
        expires_at=now + timedelta(days=1),
        nodes=nodes,
        agencies=(*agencies, second, unplaced, *units),
    )


class RegistryKeys:
    """The registry's keys, without the registry."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})

    async def keys(self, kid: str | None = None) -> KeySet:
        assert kid in (None, "k1")
        return KeySet([self.key])


def header_of(sender: str, to: Sequence[str], *, number: str = "181", priority: int = 0) -> DocumentHeader:
    """The header of a plan that ``sender`` sends."""
    return DocumentHeader(
        from_=Organ(organ_id=sender, organ_name="UBND huyện Mai Châu"),
        to=tuple(Organ(organ_id=one, organ_name=one) for one in to),
        document_id=f"{sender},2026/03/02,{number}/KH-UBND",
        code=Code(code_number=number, code_notation="KH-UBND"),
        promulgation_info=PromulgationInfo(place="Mai Châu", promulgation_date="2026/03/02"),
        document_type=DocumentType(type=1, type_name="Kế hoạch"),
        subject="Kế hoạch chuyển đổi số",
        other_info=OtherInfo(priority=priority) if priority else None,
    )


def letter(
    sender: str,
    to: Sequence[str],
    *,
    attachment: bytes = b"%PDF-1.7 invented",
    folder: Path,
    number: str = "181",
    priority: int = 0,
    with_ids: bool = False,
) -> bytes:
    """An unsigned package in the Java dialect; ``with_ids``: to be signed."""
    path = folder / new_uuid()
    path.write_bytes(attachment)
    out = io.BytesIO()
    source = AttachmentSource(path=path, name="ke-hoach.pdf", content_type="application/pdf")
    write_document(header_of(sender, to, number=number, priority=priority), [source], out, with_ids=with_ids)
    return out.getvalue()


def status_of(document_id: str, *, sender: str, to: str, code: BusinessStatus) -> bytes:
    """A status package in the Java dialect."""
    header = StatusHeader(
        from_=Organ(organ_id=sender, organ_name=sender),
        response_for=ResponseFor(
            organ_id=to, code="181/KH-UBND", document_id=document_id, promulgation_date="2026/03/02"
        ),
        status_code=code,
        timestamp="2026/03/02 15:00:00",
    )
    out = io.BytesIO()
    write_status(header, out)
    return out.getvalue()


@dataclass(kw_only=True)
class Node:
    """One node of the tree. ``worker`` runs between :meth:`start` and :meth:`stop`."""

    factory: Factory
    app: FastAPI
    bus: InProcessBus
    worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.worker = asyncio.create_task(Worker(self.factory).run())

    async def stop(self) -> None:
        if self.worker is not None:
            self.worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.worker
            self.worker = None

    def at(self, now: datetime) -> None:
        """Sets the node's clock, which stands still from then on. Before :meth:`start`."""
        self.factory = dataclasses.replace(self.factory, clock=lambda: now)
        self.app.state.factory = self.factory

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        """Everything in ``table``, by its first column."""
        async with self.factory.database.read() as connection:
            found = await connection.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row) for row in found.mappings()]

    async def blobs(self) -> list[str]:
        """Digests of all packages in the store."""
        folder = Path(self.factory.settings.blobs_url.removeprefix("file://"))
        return sorted(path.name for path in folder.rglob("*") if path.is_file())


@dataclass(kw_only=True)
class Tree:
    """The four nodes."""

    pki: PKI
    keys: RegistryKeys
    broker: InProcessBroker
    folder: Path
    nodes: dict[str, Node] = field(default_factory=dict)

    def __getitem__(self, node: str) -> Node:
        return self.nodes[node]

    def start(self) -> None:
        for node in self.nodes.values():
            node.start()

    def token(self, agency: str, node: str, scopes: Sequence[Scope] = tuple(Scope)) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": ISSUER,
            "aud": f"urn:lienthong:node:{node}",
            "sub": f"eoffice.{agency}",
            "client_id": f"eoffice.{agency}",
            "iat": now,
            "exp": now + 900,
            "jti": new_uuid(),
            "scope": " ".join(scopes),
            "agency": agency,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims, self.keys.key)

    def client(self, agency: str, *, node: str | None = None) -> httpx.AsyncClient:
        """The e-office system of ``agency``, at its node."""
        where = node or agency
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.nodes[where].app, raise_app_exceptions=False),
            base_url="http://node",
            headers={"Authorization": f"Bearer {self.token(agency, where)}"},
        )

    async def submit(self, agency: str, package: bytes, **headers: str) -> httpx.Response:
        async with self.client(agency) as client:
            return await client.post("/v1/documents", content=package, headers={"Content-Type": EDXML, **headers})


async def eventually(check: Callable[[], Awaitable[object]]) -> None:
    """Waits until ``check`` answers something true."""
    async with asyncio.timeout(PATIENCE_S):
        while not await check():
            await asyncio.sleep(0.02)


def _settings(folder: Path, node: str, pki: PKI, sealed_directory: str) -> Settings:
    folder.mkdir()
    state = folder / "state"
    state.mkdir()
    (state / "trust-list.jws").write_text(pki.sealed_trust_list())
    (state / "directory.jws").write_text(sealed_directory)
    (folder / "root.pem").write_bytes(pki.roots_pem)
    return Settings(
        node_id=NodeId(node),
        database_url=f"sqlite:///{folder / 'node.db'}",
        blobs_url=f"file://{folder / 'blobs'}",
        state_dir=state,
        registry_url=ISSUER,
        signing_url="http://signing.invalid",
        trust_root=folder / "root.pem",
        seal=pki.node(node).write_p12(folder / "seal.p12", "secret"),
        seal_password=SecretStr("secret"),
    )


def migrated(folder: Path) -> Path:
    """A database without rows, to be copied for each node."""
    path = folder / "empty.db"
    migrate(f"sqlite:///{path}", MIGRATIONS)
    return path


@asynccontextmanager
async def open_tree(
    folder: Path, empty_database: Path, *, databases: Mapping[str, str] | None = None
) -> AsyncIterator[Tree]:
    """The tree, its workers not yet running. Registry and signing service are away all the time.

    ``databases``: URLs of migrated, empty databases, by node; the others get a copy of ``empty_database``.
    """
    now = datetime.now(UTC)
    pki = PKI.new(now)
    tree = Tree(pki=pki, keys=RegistryKeys(), broker=InProcessBroker(), folder=folder)
    sealed = pki.directory_seal().seal(DIRECTORY_TYPE, snapshot(now))
    async with AsyncExitStack() as stack:
        for name in NODES:
            settings = _settings(folder / name, name, pki, sealed)
            if databases and name in databases:
                settings = settings.model_copy(update={"database_url": databases[name]})
            else:
                await asyncio.to_thread(shutil.copy, empty_database, folder / name / "node.db")
            tree.nodes[name] = await open_node(settings, tree, stack)
        try:
            yield tree
        finally:
            await asyncio.gather(*(node.stop() for node in tree.nodes.values()))


async def open_node(settings: Settings, tree: Tree, stack: AsyncExitStack) -> Node:
    bus = InProcessBus(tree.broker, node=settings.node_id)
    opened = await stack.enter_async_context(open_factory(settings, bus=bus))
    await opened.trust.reload()
    await opened.directory.reload()
    http = await stack.enter_async_context(httpx.AsyncClient(transport=_Neighbours(tree)))
    verifier = TokenVerifier(audience=settings.audience, issuer=ISSUER, keys=tree.keys)
    factory = dataclasses.replace(opened, http=http, tokens=verifier)
    app = create_app(settings.node_id, hop=settings.node_id, lifespan=_nothing, routers=ROUTERS, checks={})
    app.state.factory, app.state.tokens = factory, factory.tokens
    return Node(factory=factory, app=app, bus=bus)


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


class _Neighbours(httpx.AsyncBaseTransport):
    """Reaches the REST API of the other nodes; everything else is away."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        node = self._tree.nodes.get(request.url.host.upper())
        if node is None:
            raise httpx.ConnectError("away", request=request)
        return await httpx.ASGITransport(node.app).handle_async_request(request)
