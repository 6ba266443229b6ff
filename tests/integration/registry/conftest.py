"""The registry over ASGI, on both databases, with its lifespan run; and tokens as its clients get them."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr

from deploy.servers import create_database
from lienthong.registry.config import MIGRATIONS, Settings
from lienthong.registry.domain.clients import Client, hash_secret
from lienthong.registry.domain.reorganisation import Reorganisation
from lienthong.registry.main import create_app
from lienthong.registry.storage import clients
from lienthong.registry.storage.schema import directory_head, metadata
from lienthong.registry.usecases.apply_reorganisations import Applier
from lienthong.registry.usecases.place_agencies import place_agencies
from lienthong.registry.usecases.place_nodes import put_nodes
from lienthong.shared.clients.registry import ClientSecret, RegistryClient
from lienthong.shared.contracts.directory import AgencyEntry, Level, NodeEntry
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE, Scope
from lienthong.shared.database import Database
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.migrating import migrate
from lienthong.shared.signatures.profiles import DIRECTORY_URI, Profile
from tests.support.pki import NOW, PKI

URL = "http://danhba.example.vn"
SECRET = "invented-secret-of-the-tests"
PASSWORD = "invented-password"
SYSTEMS_KEY = "invented-key-of-the-systems"
LINE = [
    ("G22", None, Level.CENTRAL, "Văn phòng Chính phủ", "000.00.00.G22"),
    ("H28", "G22", Level.PROVINCE, "UBND tỉnh Hòa Bình", "000.00.00.H28"),
    ("H28.31", "H28", Level.DISTRICT, "UBND huyện Mai Châu", "000.00.31.H28"),
    ("H28.31.05", "H28.31", Level.COMMUNE, "UBND xã Hang Kia", "000.05.31.H28"),
]
SCOPES = {
    "eoffice.H28.31.05": [Scope.INBOX, Scope.DOCUMENTS_WRITE],
    "operator": [Scope.DIRECTORY_WRITE, Scope.DIRECTORY_APPROVE],
    "second-operator": [Scope.DIRECTORY_WRITE, Scope.DIRECTORY_APPROVE],
    "node.H28": [Scope.DIRECTORY_APPROVE],
    "administrator": [Scope.ADMIN],
    "node.H28.31.05": [Scope.SYSTEMS_READ],
    "node.H28.31": [Scope.SYSTEMS_READ],
}


@dataclass
class Clock:
    """The time that the registry lives in; tests turn it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, by: timedelta) -> None:
        self.now += by


@dataclass(kw_only=True)
class Registry:
    """A running registry, and who speaks to it."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    pki: PKI
    applier: Applier
    clock: Clock = field(default_factory=Clock)

    async def apply_due(self) -> list[Reorganisation]:
        """Applies the acts that are due by the tests' clock; the registry itself looks once an hour here."""
        return await self.applier.apply_due(self.clock.now)

    def client(self, client_id: str) -> RegistryClient:
        credential = ClientSecret(client_id=client_id, secret=SecretStr(SECRET))
        return RegistryClient(URL, self.http, credential=credential, clock=self.clock)

    async def bearer(self, client_id: str = "operator") -> dict[str, str]:
        token = await self.client(client_id).token(REGISTRY_AUDIENCE)
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database for the session: migrating takes longer than most tests."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('registry')}/registry.sqlite"
    else:
        url = create_database(request.getfixturevalue("postgres_server_url"), f"registry_{uuid.uuid4().hex}")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture(scope="session")
def registry_pki() -> PKI:
    return PKI.new()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, registry_pki: PKI) -> Settings:
    key = tmp_path / "token-key.pem"
    key.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    seal = registry_pki.issuing.issue(Profile.DIRECTORY, "Directory", uri=DIRECTORY_URI)
    seal.write_p12(tmp_path / "directory.p12", PASSWORD)
    return Settings(
        database_url=database_url,
        public_url=URL,
        token_key=key,
        directory_seal=tmp_path / "directory.p12",
        reorganisation_interval=timedelta(hours=1),
        directory_seal_password=PASSWORD,  # type: ignore[arg-type]  # as the environment gives it
        systems_key=SYSTEMS_KEY,  # type: ignore[arg-type]  # likewise
    )


@pytest.fixture
async def registry(settings: Settings, registry_pki: PKI) -> AsyncIterator[Registry]:
    clock = Clock()
    await _made_new(settings)
    app = create_app(settings, clock=clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=URL) as http:
        database = app.state.factory.database
        yield Registry(
            settings=settings,
            database=database,
            http=http,
            pki=registry_pki,
            clock=clock,
            applier=app.state.factory.applier,
        )


async def _made_new(settings: Settings) -> None:
    """Before the app opens it: versions begin anew, and what follows them in memory must not have seen the old ones."""
    database = Database(settings.database_url)
    try:
        await empty(database)
        await fill(database)
    finally:
        await database.close()


async def empty(database: Database) -> None:
    """The database as its migrations made it."""
    async with database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not directory_head:
                await connection.execute(table.delete())
        await connection.execute(directory_head.update().values(version=0, changed_at=NOW))


async def fill(database: Database) -> None:
    """Four nodes, their agencies, and three clients."""
    nodes = [
        NodeEntry(
            id=NodeId(code),
            parent=NodeId(parent) if parent else None,
            name=name,
            level=level,
            broker=code.lower(),
            url=f"https://{code.lower()}.example.vn",
        )
        for code, parent, level, name, _ in LINE
    ]
    await put_nodes(database, nodes, by="tests", now=NOW)
    agencies = [
        AgencyEntry(
            code=AgencyCode(code),
            old_code=AgencyCode(old),
            name=name,
            parent=AgencyCode(parent) if parent else None,
            level=level,
            node=NodeId(code),
        )
        for code, parent, level, name, old in LINE
    ]
    await place_agencies(database, list(enumerate(agencies, 1)), by="tests", now=NOW)
    async with database.begin() as connection:
        for client in known_clients():
            await clients.add(connection, client, NOW)


@cache
def known_clients() -> list[Client]:
    """Made once: hashing a secret is slow on purpose."""
    secret_hash = hash_secret(SECRET, salt=b"s" * 16)
    return [
        Client(
            client_id=client_id,
            name=client_id,
            agency=AgencyCode("H28.31.05") if client_id.startswith("eoffice") else None,
            scopes=frozenset(scopes),
            secret_hash=secret_hash,
            jwk=None,
            active=True,
            created_at=NOW,
        )
        for client_id, scopes in SCOPES.items()
    ]
