"""A deletion beside an adoption of the same bytes, in two processes: no document is left without its package."""

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.retention import GRACE, RemovalReason
from lienthong.exchange.factory import Factory, open_factory
from lienthong.exchange.storage.removals import mark_removals
from lienthong.exchange.storage.retention_schema import package_removals
from lienthong.exchange.storage.schema import documents
from lienthong.exchange.usecases.keep_packages import remove_marked
from lienthong.exchange.usecases.store_documents import DocumentPlan, PackageRemoved, store_documents
from lienthong.shared.blobs.obstore_store import FolderBlobStore
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import AgencyCode, DocumentId, NodeId, Sha256, new_uuid
from lienthong.shared.spooling import SpooledFile
from tests.integration.exchange.receive.receiving_node import ReceivingNode
from tests.integration.exchange.retention.later import MOMENT, at, blobs_of

PACKAGE = b"the same bytes"
DIGEST = Sha256(hashlib.sha256(PACKAGE).hexdigest())


class SlowDeletions(FolderBlobStore):
    """A store whose deletions wait for a sign."""

    def __init__(self, factory: Factory) -> None:
        super().__init__(factory.blobs._folder)  # type: ignore[attr-defined]
        self.begun, self.sign = asyncio.Event(), asyncio.Event()

    async def delete(self, sha256: Sha256) -> None:
        self.begun.set()
        await self.sign.wait()
        await super().delete(sha256)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoProcesses:
    """An API that takes packages over, and a worker that takes them away, on one database and one store."""

    api: Factory
    worker: Factory
    node: ReceivingNode

    def spooled(self) -> SpooledFile:
        path = self.node.directory / new_uuid()
        path.write_bytes(PACKAGE)
        return SpooledFile(path=path, size=len(PACKAGE), sha256=DIGEST)

    async def adopt(self) -> None:
        await self.api.adoptions.adopt(self.spooled())

    async def commit(self) -> None:
        async with self.api.database.begin() as connection:
            await store_documents(connection, [_plan(self.node)], self.api)

    async def mark(self) -> None:
        async with self.worker.database.begin() as connection:
            await mark_removals(connection, [DIGEST], RemovalReason.ORPHAN, now=self.worker.clock())

    async def remove(self, *, after: timedelta = GRACE + MOMENT) -> int:
        return await remove_marked(at(self.worker, self.worker.clock() + after))

    async def is_whole(self) -> bool:
        """Whether every document's package is there, and nothing is marked."""
        async with self.api.database.read() as connection:
            named = {row.package_sha256 for row in await connection.execute(documents.select())}
            marked = {row.sha256 for row in await connection.execute(package_removals.select())}
        return named == set(blobs_of(self.api)) == {DIGEST} and not marked


@pytest.fixture
async def processes(node: ReceivingNode) -> AsyncIterator[TwoProcesses]:
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(open_factory(node.factory.settings, clock=node.clock)) for _ in range(2)
        ]
        api, worker = [dataclasses.replace(one, directory=node.factory.directory) for one in opened]
        yield TwoProcesses(api=api, worker=worker, node=node)


async def test_an_adoption_waits_for_a_deletion_that_is_under_way(processes: TwoProcesses) -> None:
    await processes.adopt()
    await processes.mark()
    slow = SlowDeletions(processes.worker)
    deleting = dataclasses.replace(processes, worker=dataclasses.replace(processes.worker, blobs=slow))

    removal = asyncio.create_task(deleting.remove())
    await slow.begun.wait()
    adoption = asyncio.create_task(processes.adopt())
    await asyncio.sleep(0.2)
    assert not adoption.done()
    slow.sign.set()
    await asyncio.gather(removal, adoption)
    await processes.commit()

    assert removal.result() == 1
    assert await processes.is_whole()


async def test_an_adoption_takes_the_mark_away(processes: TwoProcesses) -> None:
    await processes.adopt()
    await processes.mark()

    await processes.adopt()

    assert await processes.remove() == 0
    await processes.commit()
    assert await processes.is_whole()


async def test_a_mark_between_adoption_and_commit_has_no_effect(processes: TwoProcesses) -> None:
    await processes.adopt()
    await processes.mark()

    await processes.commit()

    assert await processes.remove() == 0
    assert await processes.is_whole()


async def test_a_mark_rests_for_the_grace(processes: TwoProcesses) -> None:
    await processes.adopt()
    await processes.mark()

    assert await processes.remove(after=GRACE - MOMENT) == 0
    assert blobs_of(processes.api) == [DIGEST]


async def test_a_commit_that_comes_after_the_removal_is_refused_and_the_package_adopted_anew(
    processes: TwoProcesses,
) -> None:
    await processes.adopt()
    await processes.mark()
    assert await processes.remove() == 1

    with pytest.raises(PackageRemoved):
        await processes.commit()
    await processes.adopt()
    await processes.commit()

    assert await processes.is_whole()


async def test_removals_and_adoptions_at_once_never_leave_a_document_without_its_package(
    processes: TwoProcesses,
) -> None:
    async def take_over() -> None:
        while True:
            await processes.adopt()
            try:
                return await processes.commit()
            except PackageRemoved:
                continue

    async def clean_up() -> None:
        for _ in range(5):
            await processes.mark()
            await processes.remove()

    for _ in range(5):
        await asyncio.gather(clean_up(), *(take_over() for _ in range(4)), clean_up())

    assert await processes.remove() == 0
    assert await processes.is_whole()


def _plan(node: ReceivingNode) -> DocumentPlan:
    now = node.clock()
    document = DocumentRecord(
        id=DocumentId(new_uuid()),
        kind=DocumentKind.DOCUMENT,
        business_type=0,
        origin=NodeId("H28.31"),
        sender=AgencyCode("H28.31"),
        sender_document_id="H28.31,2026/03/02,1/BC",
        subject="",
        notation="",
        priority=0,
        package=PackageReference(sha256=DIGEST, size=len(PACKAGE), media_type=EDXML),
        content=None,
        report=None,
        submitted_at=now,
        submitted_by="",
        stored_at=now,
    )
    return DocumentPlan(document=document, deliveries=(), own_evidence=())
