"""The one place where a node's parts are put together, for requests, the worker and the command line alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from lienthong.exchange.config import Settings
from lienthong.exchange.domain.vxp.systems import Systems, SystemsMissing, open_systems
from lienthong.exchange.errors import DirectoryMissing, TrustListMissing
from lienthong.exchange.storage.held import HeldCopy
from lienthong.exchange.usecases.adopt_package import Adoptions
from lienthong.exchange.usecases.ask_responders import Responders
from lienthong.exchange.usecases.process import Clock, Process
from lienthong.exchange.usecases.read_events import FeedWatch
from lienthong.exchange.usecases.stream_places import StreamPlaces
from lienthong.shared.blobs import BlobMissing, BlobStoreUnavailable
from lienthong.shared.blobs.obstore_store import folder_of, open_blob_store
from lienthong.shared.bus import Bus
from lienthong.shared.clients.registry import ClientKey, RegistryClient, TokenRefused
from lienthong.shared.clients.signing import SigningClient, SigningUnavailable
from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE
from lienthong.shared.database import Database
from lienthong.shared.directory import Directory, open_snapshot
from lienthong.shared.disk_space import Room
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.trust_list import open_trust_list
from lienthong.shared.tokens import JWKSCache, TokenVerifier


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory(Process):
    """The process-wide things of one node, and what is made from them at its edges."""

    tokens: TokenVerifier
    bus: Bus | None
    """Serves for every broker (the embedded start); None: those of the settings."""
    feed_watch: FeedWatch = field(default_factory=FeedWatch)
    """Looks for new events, for every stream of this process."""
    streams: StreamPlaces = field(default_factory=StreamPlaces)
    """The event streams of this process."""

    async def packages_ready(self) -> bool:
        """Whether the package store answers: a readiness check."""
        try:
            await self.blobs.size(Sha256("0" * 64))
        except BlobMissing:
            return True
        except BlobStoreUnavailable:
            return False
        return True


@asynccontextmanager
async def open_factory(settings: Settings, *, bus: Bus | None = None, clock: Clock = utc_now) -> AsyncIterator[Factory]:
    """Opens a node's process-wide things, and closes them at the end. Nothing else needs to be up."""
    async with AsyncExitStack() as stack:
        for folder in (settings.spool_dir, settings.pulls_dir, settings.uploads_dir):
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        blobs = open_blob_store(settings.blobs_url)
        trust = _held_trust(settings, clock)
        seal_key = SealKey.load(settings.seal, settings.seal_password.get_secret_value())
        registry = _registry(settings, http, seal_key=seal_key, clock=clock)
        yield Factory(
            settings=settings,
            database=database,
            blobs=blobs,
            adoptions=Adoptions(blobs=blobs, database=database),
            room=_room(settings),
            trust=trust,
            directory=_held_directory(settings, trust, clock),
            systems=_held_systems(settings, trust, clock),
            seal_key=seal_key,
            tokens=_token_verifier(settings, http, clock),
            http=http,
            registry=registry,
            signing=SigningClient(settings.signing_url, http, _signing_token(registry)),
            responders=Responders(http, clock),
            clock=clock,
            bus=bus,
        )


def _room(settings: Settings) -> Room:
    packages = folder_of(settings.blobs_url)
    folders = (settings.state_dir,) if packages is None else (settings.state_dir, packages)
    return Room(folders=folders, reserve_bytes=settings.disk_reserve_bytes)


def _registry(settings: Settings, http: httpx.AsyncClient, *, seal_key: SealKey, clock: Clock) -> RegistryClient:
    """The registry; this node proves who it is with its seal. Source: RFC 7523."""
    key = ECKey.import_key(seal_key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    credential = ClientKey(client_id=f"node.{settings.node_id}", key=key)
    return RegistryClient(settings.registry_url, http, credential=credential, clock=clock)


def _signing_token(registry: RegistryClient) -> Callable[[], Awaitable[str]]:
    async def token() -> str:
        try:
            return await registry.token(SIGNING_AUDIENCE)
        except TokenRefused as error:  # of this node, not of its caller
            raise SigningUnavailable("The registry gives this node no access to the signing service.") from error

    return token


def _token_verifier(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> TokenVerifier:
    url = f"{settings.registry_url}/.well-known/jwks.json"
    keys = JWKSCache(url, settings.token_keys_path, http)
    return TokenVerifier(audience=settings.audience, issuer=settings.issuer, keys=keys, clock=clock)


def _held_trust(settings: Settings, clock: Clock) -> HeldCopy[TrustStore]:
    roots = settings.trust_root.read_bytes()
    held: int | None = None

    def parse(published: bytes) -> TrustStore:
        nonlocal held
        jws = published.decode("ascii", "replace")
        opened = open_trust_list(jws, roots=roots, now=clock(), held_version=held)
        trust = TrustStore.from_list(opened, roots=roots)
        held = opened.version
        return trust

    missing = TrustListMissing("This node holds no trust list yet; try again shortly.")
    return HeldCopy(settings.trust_list_path, parse=parse, missing=missing)


def _held_directory(settings: Settings, trust: HeldCopy[TrustStore], clock: Clock) -> HeldCopy[Directory]:
    held: int | None = None

    def parse(published: bytes) -> Directory:
        nonlocal held
        snapshot = open_snapshot(published.decode("ascii"), trust=trust.current(), now=clock(), held_version=held)
        held = snapshot.version
        return Directory(snapshot)

    missing = DirectoryMissing("This node holds no directory yet; try again shortly.")
    return HeldCopy(settings.directory_path, parse=parse, missing=missing)


def _held_systems(settings: Settings, trust: HeldCopy[TrustStore], clock: Clock) -> HeldCopy[Systems]:
    held: datetime | None = None

    def parse(published: bytes) -> Systems:
        nonlocal held
        jws = published.decode("ascii", "replace")
        systems = open_systems(jws, trust=trust.current(), here=settings.node_id, now=clock(), held_since=held)
        held = systems.issued_at
        return systems

    missing = SystemsMissing("This node holds no list of systems yet; try again shortly.")
    return HeldCopy(settings.systems_path, parse=parse, missing=missing, mode=0o600)
