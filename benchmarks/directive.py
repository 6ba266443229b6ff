"""The centre and the provinces as whole nodes in one process, and the directive that the centre sends."""

import asyncio
import contextlib
import dataclasses
import hashlib
import io
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from benchmarks.country import CENTRE, Country
from benchmarks.links import CountingBus, Links
from lienthong.exchange.config import MIGRATIONS, Settings
from lienthong.exchange.domain.submission import Sender
from lienthong.exchange.errors import DirectoryMissing, TrustListMissing
from lienthong.exchange.factory import Factory, open_factory
from lienthong.exchange.storage.held import HeldCopy
from lienthong.exchange.usecases.submit_document import Submission, submit_document
from lienthong.exchange.worker import Worker
from lienthong.shared.bus.in_process import InProcessBus
from lienthong.shared.edxml.media_types import ASICE, PDF
from lienthong.shared.edxml.model import Code, DocumentHeader, DocumentType, Organ, PromulgationInfo
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode, NodeId, Sha256
from lienthong.shared.migrating import migrate
from lienthong.shared.signatures.asice import ContainerFile, build_container
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.spooling import SpooledFile, spool
from tests.support.pki import PKI

T = TypeVar("T")

AWAY = "http://away.invalid"
"""Registry and signing service: what the nodes need of them, they have."""


@dataclass(kw_only=True)
class Place:
    """One whole node. Its worker runs between :meth:`start` and :meth:`stop`."""

    factory: Factory
    worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the worker."""
        self.worker = asyncio.create_task(Worker(self.factory).run())

    async def stop(self) -> None:
        """Stops the worker."""
        if self.worker is not None:
            self.worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.worker


async def open_centre_and_provinces(
    country: Country, folder: Path, links: Links, stack: AsyncExitStack
) -> dict[NodeId, Place]:
    """Their databases made, their workers not yet running."""
    places = {}
    for node in (CENTRE, *country.provinces):
        settings = await asyncio.to_thread(_settings, node, folder / node, country.pki)
        await asyncio.to_thread(migrate, settings.database_url, MIGRATIONS)
        country.broker.declare(node)
        bus = CountingBus(InProcessBus(country.broker, node=node), node, links)
        opened = await stack.enter_async_context(open_factory(settings, bus=bus))
        held = _Given(country.trust, TrustListMissing("None."))
        factory = dataclasses.replace(
            opened, trust=held, directory=_Given(country.directory, DirectoryMissing("None."))
        )
        places[node] = Place(factory=factory)
    return places


class _Given(HeldCopy[T]):
    """One copy for all nodes: 35 directories would only measure themselves."""

    def __init__(self, value: T, missing: LienthongError) -> None:
        super().__init__(Path(os.devnull), parse=lambda _: value, missing=missing)
        self._held = value

    async def reload(self) -> None:
        """There is nothing newer."""


def _settings(node: NodeId, folder: Path, pki: PKI) -> Settings:
    (folder / "state").mkdir(parents=True)
    (folder / "root.pem").write_bytes(pki.roots_pem)
    return Settings(
        node_id=node,
        database_url=f"sqlite:///{folder / 'node.db'}",
        blobs_url=f"file://{folder / 'blobs'}",
        state_dir=folder / "state",
        registry_url=AWAY,
        signing_url=AWAY,
        trust_root=folder / "root.pem",
        seal=pki.node(node).write_p12(folder / "seal.p12", "secret"),
        seal_password=SecretStr("secret"),
    )


async def submit_directive(centre: Place, country: Country, folder: Path, *, attachment_bytes: int) -> int:
    """Submits it at the centre for every commune; gives the size of its package."""
    package = await asyncio.to_thread(_container, country, folder, os.urandom(attachment_bytes))
    process = centre.factory
    spooled = await _spooled(package, process.settings.spool_dir)
    submission = Submission(
        spooled=spooled,
        media_type=ASICE,
        sender=Sender(client_id="eoffice.G22", agency=AgencyCode(CENTRE)),
        key=None,
        request_sha256=Sha256(hashlib.sha256(package).hexdigest()),
    )
    with spooled:
        await submit_document(submission, process)
    return len(package)


async def _spooled(package: bytes, directory: Path) -> SpooledFile:
    async def once() -> AsyncIterator[bytes]:
        yield package

    return await spool(once(), directory, limit_bytes=len(package))


def _container(country: Country, folder: Path, attachment: bytes) -> bytes:
    """An ASiC-E container: 11,000 addresses in plain edXML have more than a megabyte, too much for a message."""
    source, message, whole = folder / "chi-thi.pdf", folder / "message.edxml", folder / "directive.asice"
    source.write_bytes(attachment)
    written = io.BytesIO()
    write_document(_header(country), [AttachmentSource(path=source, name=source.name, content_type=PDF)], written)
    header, _, _ = written.getvalue().partition(b"<AttachmentEncoded>")
    message.write_bytes(header.replace(b"cid:1", b"cid:chi-thi.pdf") + b"</edXML>")
    credential = country.pki.agency(CENTRE)
    key = LocalKey(private_key=credential.key, certificate_chain=credential.chain)
    files = [
        ContainerFile(name=message.name, path=message, media_type="application/xml"),  # so it is deflated
        ContainerFile(name=source.name, path=source, media_type=PDF),
    ]
    with whole.open("w+b") as out:
        build_container(files, out, key=key, at=datetime.now(UTC))
    return whole.read_bytes()


def _header(country: Country) -> DocumentHeader:
    return DocumentHeader(
        from_=Organ(organ_id=CENTRE, organ_name="Văn phòng Chính phủ"),
        to=tuple(Organ(organ_id=one, organ_name=f"UBND {one}") for one in country.communes),
        document_id=f"{CENTRE},{datetime.now(UTC):%Y/%m/%d},16/CT-TTg",
        code=Code(code_number="16", code_notation="CT-TTg"),
        promulgation_info=PromulgationInfo(place="Hà Nội", promulgation_date=f"{datetime.now(UTC):%Y/%m/%d}"),
        document_type=DocumentType(type=1, type_name="Chỉ thị"),
        subject="Chỉ thị gửi tất cả các xã",
    )
