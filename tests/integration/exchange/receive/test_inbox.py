import asyncio
import time

import pytest

from lienthong.shared.contracts.envelope import DocumentKind
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode


async def test_the_inbox_shows_what_waits_for_the_caller_and_its_principals_most_urgent_first(
    node: ReceivingNode,
) -> None:
    ordinary = await node.receive(Letter(to=("H28.31", "H28.31.02")))
    urgent = await node.receive(Letter(to=("H28.31.01",), priority=3))
    await node.receive(Letter(sender="H28.31", to=(), elsewhere=("H28.31.05",)))

    async with node.client("H28.31") as client:
        answer = (await client.get("/v1/inbox")).json()

    assert [item["delivery_id"] for item in answer["items"]] == [
        urgent.deliveries["H28.31.01"],
        ordinary.deliveries["H28.31"],
    ]
    assert answer["items"][1]["code"] == "H28.31"
    assert answer["items"][1]["document"]["sender"] == {"code": "H28", "name": "UBND tỉnh Hòa Bình"}
    assert answer["items"][1]["document"]["signatures"] == {"indication": "TOTAL-PASSED", "package": "valid"}
    assert answer["next"] is None


async def test_pages_of_the_inbox_hold_everything_once(node: ReceivingNode) -> None:
    sent = [await node.receive(Letter(priority=n % 2)) for n in range(5)]
    seen: list[str] = []

    async with node.client() as client:
        address = "/v1/inbox?limit=2"
        while address:
            response = await client.get(address)
            seen += [item["delivery_id"] for item in response.json()["items"]]
            address = response.links["next"]["url"] if "next" in response.links else ""

    assert sorted(seen) == sorted(one.deliveries["H28.31"] for one in sent)
    assert seen[:2] == [sent[1].deliveries["H28.31"], sent[3].deliveries["H28.31"]]


async def test_the_inbox_can_be_narrowed_to_a_kind_and_an_agency(node: ReceivingNode) -> None:
    status = await node.receive(Letter(kind=DocumentKind.STATUS))
    await node.receive(Letter())
    for_principal = await node.receive(Letter(to=("H28.31.01",)))

    async with node.client() as client:
        statuses = (await client.get("/v1/inbox", params={"kind": "status"})).json()["items"]
        narrowed = (await client.get("/v1/inbox", params={"agency": "H28.31.01"})).json()["items"]

    assert [one["document"]["id"] for one in statuses] == [status.document]
    assert [one["document"]["id"] for one in narrowed] == [for_principal.document]


@pytest.mark.parametrize(
    ("agency", "status", "code"),
    [
        ("H28.31.02", 403, "sender-not-allowed"),
        ("H28", 400, "agency-not-served-here"),
        ("X", 403, "sender-not-allowed"),
    ],
)
async def test_an_inbox_is_its_agency_s_own(node: ReceivingNode, agency: str, status: int, code: str) -> None:
    caller = "H28" if agency == "H28" else "H28.31"

    async with node.client(caller) as client:
        response = await client.get("/v1/inbox", params={"agency": agency})

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("cursor", ["x", "WzEsIngiXQ", "WzFlMzBd", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5LCJ4Il0"])
async def test_an_invented_cursor_is_refused(node: ReceivingNode, cursor: str) -> None:
    async with node.client() as client:
        response = await client.get("/v1/inbox", params={"cursor": cursor})

    assert (response.status_code, response.json()["code"]) == (400, "cursor-invalid")


async def test_a_waiting_client_is_answered_as_soon_as_something_arrives(node: ReceivingNode) -> None:
    async with node.client() as client:
        began = time.monotonic()
        waiting = asyncio.create_task(client.get("/v1/inbox", params={"wait": 20}))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        arrived = await node.receive(Letter())
        answer = (await waiting).json()

    assert [one["document"]["id"] for one in answer["items"]] == [arrived.document]
    assert time.monotonic() - began < 5


async def test_an_empty_inbox_is_told_after_the_whole_wait(node: ReceivingNode) -> None:
    async with node.client() as client:
        began = time.monotonic()
        answer = (await client.get("/v1/inbox", params={"wait": 1})).json()

    assert answer == {"items": [], "next": None}
    assert 0.9 < time.monotonic() - began < 5


async def test_a_process_that_is_about_to_stop_lets_nobody_wait(node: ReceivingNode) -> None:
    async with node.client() as client:
        waiting = asyncio.create_task(client.get("/v1/inbox", params={"wait": 60}))
        await asyncio.sleep(0.2)
        node.app.state.stopping = True
        answer = await asyncio.wait_for(waiting, 5)

    assert answer.status_code == 200


async def test_many_waiting_clients_hold_no_connection(node: ReceivingNode) -> None:
    async with node.client() as client:
        waiting = [asyncio.create_task(client.get("/v1/inbox", params={"wait": 30})) for _ in range(30)]
        await asyncio.sleep(0.3)
        async with asyncio.timeout(10):
            assert (await client.get("/v1/documents")).status_code == 200
            await node.receive(Letter())
            answers = await asyncio.gather(*waiting)

    assert all(len(answer.json()["items"]) == 1 for answer in answers)
