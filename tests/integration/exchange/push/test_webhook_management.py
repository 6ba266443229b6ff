"""Webhooks as their owners see and change them."""

from lienthong.exchange.domain.event_feed import EVENTS_KEPT
from lienthong.exchange.domain.webhooks import MAX_WEBHOOKS
from lienthong.exchange.usecases.prune_events import prune_events
from lienthong.shared.contracts.tokens import Scope
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.push.receivers import Receiver, act, deliver, listening, standing, subscribe
from tests.integration.exchange.receive.receiving_node import ReceivingNode

URL = "https://vanthu.maichau.example/hook"


async def test_the_same_again_is_the_same_webhook_and_another_filter_a_conflict(node: ReceivingNode) -> None:
    first = await subscribe(node, URL)
    again = await subscribe(node, URL)

    async with node.client() as client:
        other = await client.post("/v1/webhooks", json={"url": URL, "types": ["vn.lienthong.delivery.arrived"]})

    assert again["id"] == first["id"]
    assert (other.status_code, other.json()["code"], other.json()["webhook"]) == (409, "webhook-exists", first["id"])


async def test_webhooks_are_listed_changed_and_removed(node: ReceivingNode) -> None:
    made = await subscribe(node, "https://vanthu.maichau.example")
    path = f"/v1/webhooks/{made['id']}"

    async with node.client() as client:
        change = {"url": URL, "types": ["vn.lienthong.delivery.arrived"], "description": "Văn thư"}
        changed = (await client.put(path, json=change)).json()
        listed = (await client.get("/v1/webhooks")).json()["items"]
        removed = await client.delete(path)
        gone = await client.get(path)

    assert made["url"] == "https://vanthu.maichau.example/"
    assert {name: changed[name] for name in change} == change
    assert listed == [changed]
    assert (removed.status_code, removed.content, gone.status_code) == (204, b"", 404)


async def test_two_webhooks_of_an_agency_do_not_point_to_the_same_place(node: ReceivingNode) -> None:
    await subscribe(node, URL)
    other = await subscribe(node, URL + "/2")

    async with node.client() as client:
        answer = await client.put(f"/v1/webhooks/{other['id']}", json={"url": URL})

    assert (answer.status_code, answer.json()["code"]) == (409, "webhook-exists")


async def test_an_agency_has_only_so_many_webhooks(node: ReceivingNode) -> None:
    for number in range(MAX_WEBHOOKS):
        await subscribe(node, f"{URL}/{number}")

    async with node.client() as client:
        answer = await client.post("/v1/webhooks", json={"url": URL})

    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-webhooks")


async def test_a_webhook_needs_both_scopes(node: ReceivingNode) -> None:
    for scopes in ([Scope.INBOX], [Scope.DOCUMENTS_READ]):
        async with node.client(scopes=scopes) as client:
            answer = await client.post("/v1/webhooks", json={"url": URL})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


async def test_a_replay_to_where_the_feed_is_not_is_refused(node: ReceivingNode) -> None:
    webhook = await subscribe(node, URL)

    answer = await act(node, webhook, "replay", after=5)
    nonsense = [(await act(node, webhook, "replay", after=one)).json()["code"] for one in (-1, 2**63, "x", True, 1.5)]

    assert (answer.status_code, answer.json()["code"]) == (400, "event-position-unknown")
    assert set(nonsense) == {"invalid-request"}


async def test_a_paused_webhook_gets_nothing_and_afterwards_everything(hooked: ReceivingNode) -> None:
    async with listening(Receiver()) as receiver:
        webhook = await subscribe(hooked, receiver.url)
        assert (await act(hooked, webhook, "pause")).json()["paused"] == "owner"
        await tell(hooked.factory, event(), event())
        await deliver(hooked.factory)
        assert not receiver.requests
        assert (await standing(hooked, webhook))["backlog"] == 2

        await act(hooked, webhook, "resume")
        await deliver(hooked.factory)

    assert sorted(receiver.positions()) == [1, 2]


async def test_a_webhook_says_what_went_before_it_was_sent(node: ReceivingNode) -> None:
    behind, idle = await subscribe(node, URL), await subscribe(node, URL + "/idle", agency="H28.31.01")
    await act(node, behind, "pause")
    await tell(node.factory, event(time=node.clock.now), event(time=node.clock.now))
    node.clock.pass_by(2 * EVENTS_KEPT.total_seconds())
    await tell(node.factory, event(time=node.clock.now))

    await prune_events(node.factory)

    assert [(await standing(node, one))["missed_before"] for one in (behind, idle)] == [3, None]
    assert (await standing(node, behind))["backlog"] == 1


async def test_a_ping_is_signed_and_stands_in_no_feed(hooked: ReceivingNode) -> None:
    async with listening(Receiver()) as receiver:
        webhook = await subscribe(hooked, receiver.url)

        answer = await act(hooked, webhook, "ping")

    assert answer.json() == {"taken": True, "error": ""}
    assert [(one.type, one.position) for one in receiver.taken] == [("vn.lienthong.webhook.ping", 0)]
    assert "signature" in receiver.requests[0].headers


async def test_the_key_set_has_no_private_key(node: ReceivingNode) -> None:
    async with node.client() as client:
        answer = await client.get("/.well-known/jwks.json", headers={"Authorization": ""})

    assert set(answer.json()["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg", "x5c"}
