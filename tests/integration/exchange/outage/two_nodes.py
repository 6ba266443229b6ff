"""Two nodes with workers, and the signing service over real HTTP, which can be killed and started again.

Time is simulated: it runs as the machine's, and jumps when it is told to. The registry is away all the time.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from fastapi import FastAPI
from joserfc import jwt
from pydantic import SecretStr

from lienthong.embedded.serve import _listening, _serving
from lienthong.exchange.config import Settings
from lienthong.exchange.factory import open_factory
from lienthong.exchange.main import ROUTERS
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.contracts.directory import DIRECTORY_TYPE
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import AgencyCode, NodeId, new_uuid
from lienthong.shared.serving import create_app
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.tokens import TokenVerifier
from lienthong.signing.app import create_app as create_signing
from lienthong.signing.domain.records import RevocationReason, serial_text
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.factory import SigningFactory
from lienthong.signing.usecases.publish_crl import publish_due_crls
from lienthong.signing.usecases.revoke_certificate import revoke_certificate
from tests.integration.exchange.carry.tree import ISSUER, Node, RegistryKeys, letter, snapshot
from tests.integration.signing.harness import settings_for as signing_settings
from tests.support.packages import sign
from tests.support.pki import Credential

SENDER, RECEIVER = "H28.31", "H28"
OFTEN = timedelta(milliseconds=50)
LIST_LIFETIME = timedelta(minutes=35)
"""Of a revocation list: about half of the hour for which the service is away."""
PASSWORD = "mật khẩu"


@dataclass(kw_only=True)
class SimulatedTime:
    """The machine's time, and how far it has been moved on."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, much: timedelta) -> None:
        self.ahead += much


@dataclass(kw_only=True)
class SigningService:
    """Trust list, OCSP responder and time-stamping authority behind one port."""

    app: FastAPI
    clock: SimulatedTime
    port: int = 0
    listening: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resources(self) -> Any:
        return self.app.state.signing.resources

    async def start(self) -> None:
        listener = self.listening.enter_context(_listening(self.port))
        await self.listening.enter_async_context(_serving(self.app, listener))

    async def kill(self) -> None:
        await self.listening.aclose()
        self.listening = AsyncExitStack()

    async def publish_lists(self) -> None:
        await publish_due_crls(self.resources)

    async def revoke(self, certificate: x509.Certificate, *, since: datetime) -> None:
        reason = RevocationReason.KEY_COMPROMISE
        await revoke_certificate(
            self.resources, serial_text(certificate.serial_number), reason, effective_at=since, caller=None
        )


@dataclass(kw_only=True)
class TwoNodes:
    """A sender's and a receiver's node."""

    clock: SimulatedTime
    keys: RegistryKeys
    signing: SigningService
    folder: Path
    signer: Credential
    nodes: dict[str, Node] = field(default_factory=dict)

    def client(self, agency: str) -> httpx.AsyncClient:
        """The e-office system of ``agency``, at its node."""
        now = int(self.clock().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": f"urn:lienthong:node:{agency}",
            "sub": f"eoffice.{agency}",
            "client_id": f"eoffice.{agency}",
            "iat": now,
            "exp": now + 900,
            "jti": new_uuid(),
            "scope": " ".join(Scope),
            "agency": agency,
        }
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims, self.keys.key)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.nodes[agency].app, raise_app_exceptions=False),
            base_url="http://node",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def send(self, number: int) -> dict[str, Any]:
        """Submits a signed letter; the answer."""
        unsigned = letter(SENDER, [RECEIVER], folder=self.folder, number=str(number), with_ids=True)
        package = sign(unsigned, self.signer, at=self.clock())
        async with self.client(SENDER) as client:
            answer = await client.post("/v1/documents", content=package, headers={"Content-Type": EDXML})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def read(self, agency: str, document: str, what: str = "") -> dict[str, Any]:
        """What the agency's node says about a document; empty while it is not there."""
        async with self.client(agency) as client:
            answer = await client.get(f"/v1/documents/{document}{what}")
        return answer.json() if answer.is_success else {}

    async def marks(self, agency: str, documents: Sequence[str]) -> list[tuple[str, str]]:
        """State of time stamp and revocation of each of the documents; "absent" while it is not there."""
        found = [await self.read(agency, one) for one in documents]
        return [(one["time_stamp"]["state"], one["revocation"]) if one else ("absent", "") for one in found]

    async def acknowledge(self, limit: int = 50) -> int:
        """The receiver's system takes what waits; how many documents that were."""
        async with self.client(RECEIVER) as client:
            claims = (await client.post("/v1/inbox/claims", json={"limit": limit})).json()["claims"]
            for claim in claims:
                body = {"lease_token": claim["lease_token"], "result": "done"}
                path = f"/v1/deliveries/{claim['delivery_id']}/acknowledgement"
                (await client.post(path, json=body)).raise_for_status()
        return len(claims)


@asynccontextmanager
async def two_nodes(folder: Path, empty_database: Path) -> AsyncIterator[TwoNodes]:
    """Everything runs when the block begins."""
    clock = SimulatedTime()
    async with AsyncExitStack() as stack:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        service = await _signing(folder / "signing", port, clock, stack)
        network = TwoNodes(
            clock=clock,
            keys=RegistryKeys(),
            signing=service,
            folder=folder,
            signer=await _credential(service, Profile.AGENCY_SEAL, Subject(name="Mai Châu", agency=AgencyCode(SENDER))),
        )
        directory = await _credential(service, Profile.DIRECTORY, Subject(name="Danh bạ"))
        sealed = directory.seal_key().seal(DIRECTORY_TYPE, snapshot(clock()))
        broker = InProcessBroker()
        for name in (SENDER, RECEIVER):
            settings = await _settings(folder / name, name, service=service, directory=sealed)
            await asyncio.to_thread(shutil.copy, empty_database, folder / name / "node.db")
            network.nodes[name] = await _node(settings, network, broker, stack)
        await service.start()
        stack.push_async_callback(service.kill)
        for node in network.nodes.values():
            node.start()
            stack.push_async_callback(node.stop)
        yield network


async def _signing(folder: Path, port: int, clock: SimulatedTime, stack: AsyncExitStack) -> SigningService:
    """Lists are published when the test says so: the service's own timer goes by the machine's time."""
    settings = signing_settings(
        folder,
        f"sqlite:///{folder.parent / 'signing.db'}",
        public_url=f"http://127.0.0.1:{port}",
        crl_lifetime=LIST_LIFETIME,
        crl_interval=LIST_LIFETIME / 3,
        crl_check_interval=timedelta(days=1),
    )
    async with SigningFactory(settings) as factory:
        await factory.migrate()
        await factory.init_ca()
    app = create_signing(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    app.state.signing.resources = replace(app.state.signing.resources, clock=clock)
    return SigningService(app=app, clock=clock, port=port)


async def _credential(service: SigningService, profile: Profile, subject: Subject) -> Credential:
    path = service.resources.settings.state_dir / f"{new_uuid()}.p12"
    await service.app.state.signing.issue_key(profile, subject, out_p12=path, password=PASSWORD)
    return _read_p12(path)


def _read_p12(path: Path) -> Credential:
    held = pkcs12.load_pkcs12(path.read_bytes(), PASSWORD.encode())
    assert held.cert is not None
    chain = (held.cert.certificate, *(one.certificate for one in held.additional_certs))
    return Credential(key=held.key, chain=chain)  # type: ignore[arg-type]  # all keys are of that kind


async def _settings(folder: Path, node: str, *, service: SigningService, directory: str) -> Settings:
    state = folder / "state"
    await asyncio.to_thread(state.mkdir, parents=True)
    seal = await _credential(service, Profile.NODE_SEAL, Subject(name=node, node=NodeId(node)))
    (state / "trust-list.jws").write_text(await service.app.state.signing.trust_list())
    (state / "directory.jws").write_text(directory)
    return Settings(
        node_id=NodeId(node),
        database_url=f"sqlite:///{folder / 'node.db'}",
        blobs_url=f"file://{folder / 'blobs'}",
        state_dir=state,
        registry_url="http://127.0.0.1:9",
        registry_issuer=ISSUER,
        signing_url=service.url,
        trust_root=service.resources.settings.root_path,
        seal=seal.write_p12(folder / "seal.p12", "secret"),
        seal_password=SecretStr("secret"),
        refresh_interval=OFTEN,
        checkpoint_interval=OFTEN,
        time_stamp_interval=OFTEN,
        revalidation_interval=OFTEN,
    )


async def _node(settings: Settings, network: TwoNodes, broker: InProcessBroker, stack: AsyncExitStack) -> Node:
    bus = InProcessBus(broker, node=settings.node_id)
    opened = await stack.enter_async_context(open_factory(settings, bus=bus, clock=network.clock))
    await opened.trust.reload()
    await opened.directory.reload()
    tokens = TokenVerifier(audience=settings.audience, issuer=ISSUER, keys=network.keys, clock=network.clock)
    factory = replace(opened, tokens=tokens)

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(settings.node_id, hop=settings.node_id, lifespan=nothing, routers=ROUTERS, checks={})
    app.state.factory, app.state.tokens = factory, factory.tokens
    return Node(factory=factory, app=app, bus=bus)
