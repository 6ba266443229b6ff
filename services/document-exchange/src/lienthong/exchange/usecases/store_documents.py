"""Everything that one transaction writes for documents: where they come from does not matter."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendments import ArrivedAmendment
from lienthong.exchange.domain.business_status import ANSWERS
from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord
from lienthong.exchange.domain.events import NewEvent
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.storage.documents import add_deliveries, add_documents
from lienthong.exchange.storage.events import record_events
from lienthong.exchange.storage.evidence import add_brought_evidence, add_own_evidence
from lienthong.exchange.storage.marks import mark_revocation_pending
from lienthong.exchange.storage.removals import clear_removals
from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.apply_amendments import Stored, apply_amendments
from lienthong.exchange.usecases.apply_status import ArrivedStatus, apply_status
from lienthong.exchange.usecases.process import Process
from lienthong.shared.errors import Unavailable
from lienthong.shared.outbox import OutboxEntry, add


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPlan:
    """What is to be written for one document.

    ``status``: the package is a business status that counts here; ``amendment``: a recall, update or replacement.
    ``events``: what the agencies here are told; of a delivery that is stored already, nothing is told again.
    """

    document: DocumentRecord
    deliveries: tuple[DeliveryRecord, ...]
    own_evidence: tuple[SealedEvidence, ...]
    brought_evidence: tuple[SealedEvidence, ...] = ()
    outbox: tuple[OutboxEntry, ...] = ()
    status: ArrivedStatus | None = None
    amendment: ArrivedAmendment | None = None
    events: tuple[NewEvent, ...] = ()


class PackageRemoved(Unavailable):
    """The package was taken away between its adoption and the transaction that names it: it must be adopted anew."""

    code = "package-removed"
    title = "The package was removed meanwhile"


async def store_documents(connection: AsyncConnection, plans: Sequence[DocumentPlan], process: Process) -> None:
    """Writes all ``plans`` on the caller's transaction, a few statements however many they are.

    Raises:
        PackageRemoved: A package is not in the store any more.
    """
    await _claim_packages(connection, plans)
    records = sorted((plan.document for plan in plans), key=lambda one: one.id)  # two batches cannot deadlock
    await add_documents(connection, records)
    await mark_revocation_pending(connection, [one for one in records if one.is_revocation_open])
    new = await add_deliveries(connection, [one for plan in plans for one in plan.deliveries])
    await add_brought_evidence(connection, [one for plan in plans for one in plan.brought_evidence])
    await add_own_evidence(connection, [one for plan in plans for one in plan.own_evidence])
    await add(connection, outbox, [one for plan in plans for one in plan.outbox])
    told = [one for plan in plans for one in plan.events if one.delivery is None or one.delivery in new]
    await record_events(connection, told)
    stored = [_stored(plan) for plan in plans]
    for one in stored:
        if one.status is not None and one.status.code in ANSWERS:
            await apply_status(connection, one.status, is_arrival=one.reaches_sender)
    await apply_amendments(connection, stored, recorder=process.evidence_recorder(), now=process.clock())


def _stored(plan: DocumentPlan) -> Stored:
    return Stored(document=plan.document, deliveries=plan.deliveries, amendment=plan.amendment, status=plan.status)


async def _claim_packages(connection: AsyncConnection, plans: Sequence[DocumentPlan]) -> None:
    """From here to the commit nothing takes away a package of ``plans``: see :mod:`~..usecases.adopt_package`."""
    if plans and await clear_removals(connection, {plan.document.package.sha256 for plan in plans}):
        raise PackageRemoved("The package is stored anew; try again.")
