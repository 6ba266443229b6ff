"""The feed, page by page."""

from datetime import timedelta

from lienthong.exchange.domain.event_feed import EVENTS_KEPT
from lienthong.exchange.domain.events import EventType
from lienthong.exchange.usecases.prune_events import prune_events
from lienthong.shared.contracts.events import CloudEvent
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode, DocumentId
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.receive.receiving_node import ReceivingNode

ACCEPTED = EventType.DOCUMENT_ACCEPTED


def _to(agency: str, document: str = "d") -> dict[str, object]:
    return {"agency": AgencyCode(agency), "document": DocumentId(document)}


async def test_a_reader_gets_everything_once_page_after_page(node: ReceivingNode) -> None:
    await tell(node.factory, *(event(**_to("H28.31", f"d{number}")) for number in range(5)))
    seen, after, more = [], 0, True

    async with node.client() as client:
        while more:
            answer = (await client.get("/v1/events", params={"after": after, "limit": 2})).json()
            seen += [CloudEvent.model_validate(one).subject for one in answer["items"]]
            after, more = answer["after"], answer["more"]

    assert seen == ["d0", "d1", "d2", "d3", "d4"]
    assert after == 5


async def test_a_reader_sees_events_of_its_agencies_only(node: ReceivingNode) -> None:
    await tell(node.factory, event(**_to("H28.31")), event(**_to("H28.31.01")), event(**_to("H28.31.02")))

    async with node.client() as client:  # to whom H28.31.01 delegated, and H28.31.02 did not
        mine = (await client.get("/v1/events")).json()
        delegated = (await client.get("/v1/events", params={"agency": "H28.31.01"})).json()
        foreign = await client.get("/v1/events", params={"agency": "H28.31.02"})

    assert [one["data"]["agency"] for one in mine["items"]] == ["H28.31", "H28.31.01"]
    assert [one["data"]["agency"] for one in delegated["items"]] == ["H28.31.01"]
    assert (foreign.status_code, foreign.json()["code"]) == (403, "sender-not-allowed")
    assert mine["after"] == 3


async def test_types_are_chosen(node: ReceivingNode) -> None:
    await tell(node.factory, event(), event(type=ACCEPTED), event())

    async with node.client() as client:
        found = (await client.get("/v1/events", params={"type": ACCEPTED.value})).json()
        unknown = await client.get("/v1/events", params={"type": "vn.lienthong.nothing"})

    assert [one["type"] for one in found["items"]] == [ACCEPTED.value]
    assert found["after"] == 3
    assert unknown.json()["code"] == "invalid-request"


async def test_a_token_without_the_scope_reads_nothing(node: ReceivingNode) -> None:
    async with node.client(scopes=[Scope.INBOX, Scope.DOCUMENTS_WRITE]) as client:
        answer = await client.get("/v1/events")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


async def test_old_events_go_and_late_readers_are_told(node: ReceivingNode) -> None:
    await tell(node.factory, event(time=node.clock.now), event(time=node.clock.now))
    node.clock.pass_by((EVENTS_KEPT + timedelta(hours=1)).total_seconds())
    await tell(node.factory, event(time=node.clock.now))

    assert await prune_events(node.factory) == 2

    async with node.client() as client:
        late = await client.get("/v1/events", params={"after": 1})
        punctual = await client.get("/v1/events", params={"after": 2})
        from_the_oldest = await client.get("/v1/events")
    assert (late.status_code, late.json()["code"], late.json()["oldest"]) == (409, "events-expired", 3)
    assert [len(one.json()["items"]) for one in (punctual, from_the_oldest)] == [1, 1]


async def test_positions_go_on_after_everything_old_is_gone(node: ReceivingNode) -> None:
    await tell(node.factory, *(event(time=node.clock.now) for _ in range(3)))
    node.clock.pass_by(2 * EVENTS_KEPT.total_seconds())
    await prune_events(node.factory)

    await tell(node.factory, event(time=node.clock.now))

    async with node.client() as client:
        answer = (await client.get("/v1/events", params={"after": 3})).json()
    assert [one["sequence"][-2:] for one in answer["items"]] == ["04"]


async def test_a_position_from_a_newer_database_is_refused(node: ReceivingNode) -> None:
    await tell(node.factory, event())

    async with node.client() as client:
        answer = await client.get("/v1/events", params={"after": 2})

    assert (answer.status_code, answer.json()["code"]) == (400, "event-position-unknown")
