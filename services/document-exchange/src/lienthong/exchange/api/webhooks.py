"""Webhooks: where events are sent by themselves, and what receivers need to check them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, status

from lienthong.exchange.api.authorization import Subscriber, WithFactory
from lienthong.exchange.api.models import CodeText
from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.api.webhook_models import (
    PingAnswer,
    ReplayRequest,
    WebhookAnswer,
    WebhookChange,
    WebhookRequest,
    WebhooksAnswer,
    shown_ping,
    shown_webhook,
)
from lienthong.exchange.domain.event_feed import EventsExpired, PositionUnknown
from lienthong.exchange.domain.webhook_addresses import WebhookAddressRefused
from lienthong.exchange.domain.webhooks import TooManyWebhooks, WebhookExists, WebhookId, WebhookNotFound
from lienthong.exchange.errors import AgencyNotServed
from lienthong.exchange.usecases import manage_webhooks as webhooks
from lienthong.exchange.usecases.manage_webhooks import Maker, Wanted
from lienthong.exchange.usecases.node_keys import public_keys
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.problems import InvalidRequest, problem_responses

router = APIRouter(tags=["webhooks"])

ONE: Final = (*CALLER_ERRORS, WebhookNotFound)
BODY: Final = (InvalidRequest, RequestTooLarge)
_KEYS: Final[dict[str, Any]] = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
    "use": "sig",
    "alg": "ES256",
    "x5c": ["MIIB…"],
}


async def webhook_id(webhook: Annotated[str, Path(description="Id of the webhook: a UUID")]) -> WebhookId:
    """The webhook that the path names. Raises :class:`WebhookNotFound`."""
    if not UUID.fullmatch(webhook):
        raise WebhookNotFound("There is no such webhook of an agency that you may act for.")
    return WebhookId(webhook)


NamedWebhook = Annotated[WebhookId, Depends(webhook_id)]


@router.post(
    "/v1/webhooks",
    status_code=status.HTTP_201_CREATED,
    summary="Make a webhook",
    responses=problem_responses(
        *CALLER_ERRORS, AgencyNotServed, WebhookAddressRefused, WebhookExists, TooManyWebhooks, *BODY
    ),
)
async def create(wanted: WebhookRequest, *, factory: WithFactory, caller: Subscriber) -> WebhookAnswer:
    """Sends your agency's events to ``url`` from now on: signed, at least once, those of one document in order.

    What is not taken (any answer but 2xx) is sent again. The same request again gives the same webhook.
    """
    agency = caller.require_local_agency(wanted.agency).code
    maker = Maker(client_id=caller.client_id, owner=caller.require_agency(None).code, agency=agency)
    return shown_webhook(await webhooks.create_webhook(_wanted(wanted), maker, factory))


@router.get("/v1/webhooks", summary="List webhooks", responses=problem_responses(*CALLER_ERRORS, InvalidRequest))
async def list_all(*, factory: WithFactory, caller: Subscriber, agency: CodeText | None = None) -> WebhooksAnswer:
    """Every webhook of your agencies, with what waits for it and what went wrong last."""
    found = await webhooks.list_webhooks(caller.agencies(agency), factory)
    return WebhooksAnswer(items=tuple(shown_webhook(one) for one in found))


@router.get("/v1/webhooks/{webhook}", summary="Read a webhook", responses=problem_responses(*ONE))
async def read(webhook: NamedWebhook, *, factory: WithFactory, caller: Subscriber) -> WebhookAnswer:
    """One webhook, with what waits for it and what went wrong last."""
    return shown_webhook(await webhooks.read_webhook(webhook, caller.agencies(), factory))


@router.put(
    "/v1/webhooks/{webhook}",
    summary="Change a webhook",
    responses=problem_responses(*ONE, WebhookAddressRefused, WebhookExists, *BODY),
)
async def change(
    webhook: NamedWebhook, wanted: WebhookChange, *, factory: WithFactory, caller: Subscriber
) -> WebhookAnswer:
    """Another address, other types. What waits is sent to the new address."""
    changed = await webhooks.change_webhook(webhook, _wanted(wanted), caller.agencies(), process=factory)
    return shown_webhook(changed)


@router.delete(
    "/v1/webhooks/{webhook}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a webhook",
    responses=problem_responses(*ONE),
)
async def remove(webhook: NamedWebhook, *, factory: WithFactory, caller: Subscriber) -> None:
    """Forgets the webhook and what waits for it."""
    await webhooks.delete_webhook(webhook, caller.agencies(), factory)


@router.post(
    "/v1/webhooks/{webhook}/replay",
    summary="Send again from a point on",
    responses=problem_responses(*ONE, EventsExpired, PositionUnknown, *BODY),
)
async def replay(
    webhook: NamedWebhook, wanted: ReplayRequest, *, factory: WithFactory, caller: Subscriber
) -> WebhookAnswer:
    """Sends everything after that point of the feed, again or for the first time; nothing up to it any more."""
    sent = await webhooks.replay_webhook(webhook, wanted.after, caller.agencies(), process=factory)
    return shown_webhook(sent)


@router.post("/v1/webhooks/{webhook}/pause", summary="Pause a webhook", responses=problem_responses(*ONE))
async def pause(webhook: NamedWebhook, *, factory: WithFactory, caller: Subscriber) -> WebhookAnswer:
    """Sends nothing until it is resumed. What happens meanwhile waits, for as long as events are kept."""
    return shown_webhook(await webhooks.pause_webhook(webhook, caller.agencies(), factory))


@router.post("/v1/webhooks/{webhook}/resume", summary="Resume a webhook", responses=problem_responses(*ONE))
async def resume(webhook: NamedWebhook, *, factory: WithFactory, caller: Subscriber) -> WebhookAnswer:
    """Sends again, at once, everything that was not taken."""
    return shown_webhook(await webhooks.resume_webhook(webhook, caller.agencies(), factory))


@router.post("/v1/webhooks/{webhook}/ping", summary="Test a webhook", responses=problem_responses(*ONE))
async def ping(webhook: NamedWebhook, *, factory: WithFactory, caller: Subscriber) -> PingAnswer:
    """Sends an event that tells nothing, once and now, and says what became of it."""
    return shown_ping(await webhooks.ping_webhook(webhook, caller.agencies(), factory))


@router.get(
    "/.well-known/jwks.json",
    summary="The key that signs webhooks",
    responses={200: {"content": {"application/json": {"example": {"keys": [_KEYS]}}}}},
)
async def keys(*, factory: WithFactory) -> dict[str, Any]:
    """This node's public key with its certificate chain (``x5c``): fetch it again when ``keyid`` names another."""
    return public_keys(factory.seal_key)


def _wanted(said: WebhookChange) -> Wanted:
    return Wanted(url=said.url, types=said.types, description=said.description)
