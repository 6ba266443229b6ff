"""The node H28.31 (Mai Châu) with a real database, blobs and its API, without bus and registry; time stands still."""

import asyncio
import base64
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from lienthong.exchange.config import Settings
from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord
from lienthong.exchange.factory import Factory, open_factory
from lienthong.exchange.main import ROUTERS
from lienthong.exchange.storage.documents import add_deliveries, add_documents
from lienthong.exchange.usecases.store_documents import DocumentPlan, store_documents
from lienthong.shared.contracts.directory import (
    DIRECTORY_TYPE,
    AgencyEntry,
    DelegationEntry,
    DirectorySnapshot,
    Level,
    NodeEntry,
)
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import AttachmentIndex, Code, DocumentHeader, Encoding, Organ, PackageContent
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256, new_uuid
from lienthong.shared.serving import create_app
from lienthong.shared.signatures.report import Indication, PackageSignature, Report
from lienthong.shared.tokens import TokenVerifier
from tests.support.pki import NOW, PKI

HERE = NodeId("H28.31")
ISSUER = "http://danhba.invalid"
PDF = b"%PDF-1.7 invented\n" * 100
PDF_NAME = "Kế hoạch số 181.pdf"


@dataclass(kw_only=True)
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class RegistryKeys:
    """The registry's keys, without the registry."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})

    async def keys(self, kid: str | None = None) -> KeySet:
        assert kid in (None, "k1")
        return KeySet([self.key])


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What reaches the node. ``to`` are agencies served here; ``elsewhere`` are served by another node."""

    sender: str = "H28"
    to: Sequence[str] = ("H28.31",)
    elsewhere: Sequence[str] = ()
    kind: DocumentKind = DocumentKind.DOCUMENT
    priority: int = 0
    sender_document_id: str = "000.00.00.H28,2026/03/02,181/KH-UBND"
    expires_at: datetime | None = None
    business_type: int = 0


@dataclass(frozen=True, kw_only=True)
class Arrived:
    document: DocumentId
    deliveries: dict[str, DeliveryId] = field(default_factory=dict)
    package: bytes


@dataclass(frozen=True, kw_only=True)
class ReceivingNode:
    factory: Factory
    app: FastAPI
    clock: Clock
    keys: RegistryKeys
    directory: Path

    def client(self, agency: str = "H28.31", *, scopes: Sequence[Scope] = tuple(Scope)) -> httpx.AsyncClient:
        claims = {
            "iss": ISSUER,
            "aud": self.factory.settings.audience,
            "sub": f"eoffice.{agency}",
            "client_id": f"eoffice.{agency}",
            "iat": int(self.clock.now.timestamp()),
            "exp": int(self.clock.now.timestamp()) + 864_000,
            "jti": new_uuid(),
            "scope": " ".join(scopes),
            "agency": agency,
        }
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims, self.keys.key)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://node",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def receive(self, letter: Letter) -> Arrived:
        """Puts a letter where the consumer would put it."""
        record, rows, package = await self._prepared(letter)
        async with self.factory.database.begin() as connection:
            await add_documents(connection, [record])
            await add_deliveries(connection, rows)
        return Arrived(document=record.id, deliveries={one.agency: one.id for one in rows}, package=package)

    async def plan(self, letter: Letter) -> DocumentPlan:
        """All that the consumer writes for a letter, except for evidence."""
        record, rows, _ = await self._prepared(letter)
        return DocumentPlan(document=record, deliveries=tuple(rows), own_evidence=())

    async def store(self, *plans: DocumentPlan) -> None:
        """As the consumer does it, in one transaction."""
        async with self.factory.database.begin() as connection:
            await store_documents(connection, plans, self.factory)

    async def _prepared(self, letter: Letter) -> tuple[DocumentRecord, list[DeliveryRecord], bytes]:
        package, content = package_of(letter)
        sha256 = Sha256(hashlib.sha256(package).hexdigest())
        spooled = self.directory / new_uuid()
        await asyncio.to_thread(spooled.write_bytes, package)
        await self.factory.blobs.adopt(spooled, sha256)
        record = self._record(letter, content, PackageReference(sha256=sha256, size=len(package), media_type=EDXML))
        rows = [self._delivery(record, agency, local=agency in letter.to) for agency in (*letter.to, *letter.elsewhere)]
        return record, rows, package

    def _record(self, letter: Letter, content: PackageContent, package: PackageReference) -> DocumentRecord:
        report = Report(package=PackageSignature.VALID, indication=Indication.TOTAL_PASSED, checked_at=self.clock.now)
        return DocumentRecord(
            id=DocumentId(new_uuid()),
            kind=letter.kind,
            business_type=letter.business_type,
            origin=HERE if letter.sender.startswith(HERE) else NodeId(letter.sender),
            sender=AgencyCode(letter.sender),
            sender_document_id=letter.sender_document_id,
            subject="Kế hoạch chuyển đổi số",
            notation="181/KH-UBND",
            priority=letter.priority,
            package=package,
            content=content.model_dump(mode="json"),
            report=report.model_dump(mode="json"),
            submitted_at=self.clock.now,
            submitted_by="",
            stored_at=self.clock.now,
            expires_at=letter.expires_at,
        )

    def _delivery(self, record: DocumentRecord, agency: str, *, local: bool) -> DeliveryRecord:
        return DeliveryRecord(
            id=DeliveryId(new_uuid()),
            document_id=record.id,
            addressed_to=agency,
            agency=AgencyCode(agency),
            node=HERE if local else NodeId(agency),
            is_local=local,
            updated_at=self.clock.now,
            expires_at=record.expires_at,
        )


def package_of(letter: Letter) -> tuple[bytes, PackageContent]:
    """A package with one attachment, and what its reading gives."""
    encoded = base64.b64encode(PDF)
    before = f"<edXML><!-- {new_uuid()} -->".encode()
    index = AttachmentIndex(
        n=1,
        name=PDF_NAME,
        content_type="application/pdf",
        size=len(PDF),
        sha256=Sha256(hashlib.sha256(PDF).hexdigest()),
        encoding=Encoding.BASE64,
        offset=len(before),
        encoded_size=len(encoded),
    )
    header = DocumentHeader(
        from_=Organ(organ_id=letter.sender, organ_name="UBND tỉnh Hòa Bình"),
        to=tuple(Organ(organ_id=agency) for agency in (*letter.to, *letter.elsewhere)),
        document_id=letter.sender_document_id,
        code=Code(code_number="181", code_notation="KH-UBND"),
        subject="Kế hoạch chuyển đổi số",
    )
    return before + encoded + b"</edXML>", PackageContent(header=header, attachments=(index,))


def snapshot() -> DirectorySnapshot:
    def agency(code: str, name: str, *, node: str, level: Level, old: str | None = None) -> AgencyEntry:
        return AgencyEntry(
            code=AgencyCode(code),
            old_code=AgencyCode(old) if old else None,
            name=name,
            parent=None,
            level=level,
            node=NodeId(node),
        )

    nodes = tuple(
        NodeEntry(
            id=NodeId(name),
            parent=NodeId(parent) if parent else None,
            name=name,
            level=level,
            broker="b",
            url="http://x",
        )
        for name, parent, level in (
            ("H28", None, Level.PROVINCE),
            ("H28.31", "H28", Level.DISTRICT),
            ("H28.31.05", "H28.31", Level.COMMUNE),
        )
    )
    agencies = (
        agency("H28", "UBND tỉnh Hòa Bình", node="H28", level=Level.PROVINCE, old="000.00.00.H28"),
        agency("H28.31", "UBND huyện Mai Châu", node="H28.31", level=Level.DISTRICT, old="000.00.31.H28"),
        agency("H28.31.01", "Phòng Nội vụ huyện Mai Châu", node="H28.31", level=Level.DISTRICT),
        agency("H28.31.02", "Phòng Tài chính huyện Mai Châu", node="H28.31", level=Level.DISTRICT),
        agency("H28.31.05", "UBND xã Hang Kia", node="H28.31.05", level=Level.COMMUNE, old="000.05.31.H28"),
    )
    delegation = DelegationEntry(principal=AgencyCode("H28.31.01"), delegate=AgencyCode("H28.31"))
    return DirectorySnapshot(
        version=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=1),
        nodes=nodes,
        agencies=agencies,
        delegations=(delegation,),
    )


def settings_for(directory: Path, database_url: str, pki: PKI) -> Settings:
    """A node's settings, with everything that it holds locally in place."""
    state = directory / "state"
    state.mkdir()
    (state / "trust-list.jws").write_text(pki.sealed_trust_list())
    (state / "directory.jws").write_text(pki.directory_seal().seal(DIRECTORY_TYPE, snapshot()))
    (directory / "root.pem").write_bytes(pki.roots_pem)
    return Settings(
        node_id=HERE,
        database_url=database_url,
        blobs_url=f"file://{directory / 'blobs'}",
        state_dir=state,
        registry_url="http://127.0.0.1:9",
        registry_issuer=ISSUER,
        signing_url="http://127.0.0.1:9",
        trust_root=directory / "root.pem",
        seal=pki.node(HERE).write_p12(directory / "seal.p12", "secret"),
        seal_password=SecretStr("secret"),
    )


@asynccontextmanager
async def receiving_node(directory: Path, database_url: str) -> AsyncIterator[ReceivingNode]:
    """Opens the node; its database must be migrated."""
    clock, keys = Clock(), RegistryKeys()
    settings = settings_for(directory, database_url, PKI.new())
    async with open_factory(settings, clock=clock) as opened:
        await opened.trust.reload()
        await opened.directory.reload()
        verifier = TokenVerifier(audience=settings.audience, issuer=ISSUER, keys=keys, clock=clock)
        factory = dataclasses.replace(opened, tokens=verifier)
        app = _app(factory)
        yield ReceivingNode(factory=factory, app=app, clock=clock, keys=keys, directory=directory)


def _app(factory: Factory) -> FastAPI:
    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app("node", hop=HERE, lifespan=nothing, routers=ROUTERS, checks={})
    app.state.factory, app.state.tokens = factory, factory.tokens
    return app
