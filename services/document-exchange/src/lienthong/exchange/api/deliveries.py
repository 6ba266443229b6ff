"""The recipient's answer for a delivery that it claimed."""

from fastapi import APIRouter

from lienthong.exchange.api.authorization import InboxOwner, WithFactory
from lienthong.exchange.api.models import AcknowledgementRequest, DeliveryAnswer
from lienthong.exchange.api.parameters import NamedDelivery
from lienthong.exchange.api.presenting import shown_delivery
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.domain.leases import DeliveryNotFound, LeaseLost
from lienthong.exchange.usecases.acknowledge_delivery import Answer, acknowledge_delivery
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.problems import InvalidRequest, problem_responses

router = APIRouter(prefix="/v1/deliveries", tags=["inbox"])


@router.post(
    "/{delivery}/acknowledgement",
    summary="Acknowledge a delivery",
    responses=problem_responses(*CALLER_ERRORS, DeliveryNotFound, LeaseLost, InvalidRequest, RequestTooLarge),
)
async def acknowledge(
    delivery: NamedDelivery, said: AcknowledgementRequest, *, factory: WithFactory, caller: InboxOwner
) -> DeliveryAnswer:
    """Says that your system has taken the document in (``done``), or cannot (``fail``). That is final.

    The sender gets it as evidence. Repeat the request when the answer got lost: the same result is answered alike.
    """
    answer = Answer(
        delivery=delivery,
        lease_token=said.lease_token,
        result=said.result,
        description=said.description,
        client_id=caller.client_id,
        agencies=caller.agencies(),
    )
    return shown_delivery(await acknowledge_delivery(answer, factory), caller.directory)
