"""What a system without leases says of a delivery: that it works on it, that it has it, or that it cannot take it.

1 In one transaction the delivery is locked, the word judged, and the claim that stands for it is made. 2 An end is then
acknowledged under that claim, as :mod:`.acknowledge_delivery` does. A power cut between the two leaves a claim of the
same system, and its repeated call goes on from there.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import DeliveryNotFound, HandoverResult, Lease
from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.domain.vxp.settling import LEASE, Held, Settling, settling
from lienthong.exchange.storage.document_reads import document_of_delivery
from lienthong.exchange.storage.inbox_view import give_delivery, hold_delivery
from lienthong.exchange.usecases.acknowledge_delivery import Answer, acknowledge_delivery
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a system says about a delivery, for agencies that it may act for."""

    delivery: DeliveryId
    status: TransportStatus
    description: str
    client_id: str
    agencies: Collection[AgencyCode]


async def settle_received(word: Word, process: Process) -> None:
    """Lets ``word`` take effect; saying it again is harmless.

    Raises:
        DeliveryNotFound: It is in no inbox of the system's agencies here, or its deadline has passed.
        LeaseLost: Another client has it, or it was answered for otherwise.
        ParameterInvalid: ``initial`` is said by nobody.
    """
    async with process.database.begin() as connection:
        token = await _claimed(connection, word, process)
    if token is None or word.status is TransportStatus.PROCESSING:
        return
    answer = Answer(
        delivery=word.delivery,
        lease_token=token,
        result=HandoverResult(word.status.value),
        description=word.description,
        client_id=word.client_id,
        agencies=word.agencies,
    )
    await acknowledge_delivery(answer, process)


async def document_of(named: str, process: Process, *, viewer: Viewer) -> DocumentId:
    """The document that a system names: by a delivery to one of its agencies, or by its own id as ``sendEdoc`` gave it.

    Whether the viewer may see that document is judged where it is read.
    """
    async with process.database.read() as connection:
        found = await document_of_delivery(connection, DeliveryId(named), viewer.agencies)
    return found or DocumentId(named)


async def _claimed(connection: AsyncConnection, word: Word, process: Process) -> str | None:
    """The token of the claim under which the delivery is to be ended; None: nothing is left to do."""
    now = process.clock()
    held = await hold_delivery(connection, word.delivery, now=now)
    if held is None or not held.delivery.is_local or held.delivery.agency not in word.agencies:
        raise DeliveryNotFound("No such delivery is in an inbox of yours at this node.")
    before = Held(
        stored=held.stored,
        lease_until=held.lease_until,
        claimed_by=held.claimed_by,
        deadline=held.document.expires_at,
    )
    if settling(before, word.status, client_id=word.client_id, now=now) is Settling.NOTHING:
        return None
    return await give_delivery(
        connection, word.delivery, lease=Lease(client_id=word.client_id, until=now + LEASE), now=now
    )
