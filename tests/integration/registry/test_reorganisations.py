"""Acts over REST: uploaded, previewed, approved by another, applied when they take effect, withdrawn until then."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from lienthong.registry.main import create_app
from lienthong.registry.usecases.keep_clients import ClientDraft, register_client
from lienthong.shared.contracts.directory import REORGANISATION_TYPE, ReorganisationStatement
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal
from tests.integration.registry.acts import approve, done, read, upload, withdraw
from tests.integration.registry.conftest import SECRET, Registry

PA_CO = "H44.151"
MERGER = (
    {"do": "establish", "code": "H44", "name": "UBND tỉnh Phú Thọ", "level": "province", "parent": "G22"},
    {"do": "establish", "code": PA_CO, "name": "UBND xã Pà Cò", "level": "commune", "parent": "H44", "node": "H28"},
    {"do": "merge", "code": "000.00.00.H28", "into": ["H44"]},
    {"do": "dissolve", "code": "H28.31", "into": [PA_CO]},
    {"do": "merge", "code": "H28.31.05", "into": [PA_CO]},
)
"""What became of Hoa Binh, Mai Chau and Hang Kia on 1 July 2025, in small."""


async def agency(registry: Registry, code: str, **params: str) -> dict[str, Any]:
    answer = await registry.http.get(f"/v1/agencies/{code}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_act_takes_effect_at_its_time_and_not_before(registry: Registry) -> None:
    before = registry.clock.now
    uploaded = (await upload(registry, *MERGER)).json()
    await approve(registry, uploaded["id"])

    assert await registry.apply_due() == []
    assert (await agency(registry, "H28"))["status"] == "active"
    registry.clock.turn(timedelta(days=1))
    await registry.apply_due()

    act = await read(registry, f"/{uploaded['id']}")
    assert (act["state"], act["counts"]["closed"], act["counts"]["opened"]) == ("applied", 3, 2)
    closed = await agency(registry, "000.05.31.H28")
    assert (closed["status"], closed["successors"], closed["node"]) == ("closed", [PA_CO], None)
    assert closed["last_node"] == "H28.31.05"
    assert closed["valid_to"] == uploaded["effective_at"]
    assert closed["decision"]["number"] == "1676/NQ-UBTVQH15"
    assert (await agency(registry, "H28.31.05", at=before.isoformat()))["status"] == "active"
    assert (await registry.http.get(f"/v1/agencies/{PA_CO}", params={"at": "2024-10-01"})).status_code == 404


async def test_the_past_is_as_it_was_by_either_code(registry: Registry) -> None:
    before = registry.clock.now.isoformat()
    await done(registry, MERGER)

    then = await agency(registry, "000.00.31.H28", at=before)
    children = await registry.http.get("/v1/agencies/000.00.31.H28/children", params={"at": before})
    history = (await registry.http.get("/v1/agencies/H28.31/history")).json()

    assert (then["status"], then["parent"], then["node"]) == ("active", "H28", "H28.31")
    assert [child["code"] for child in children.json()["items"]] == ["H28.31.05"]
    assert [line["status"] for line in history["items"]] == ["active", "closed"]
    assert history["items"][0]["valid_to"] == history["items"][1]["valid_from"]
    succeeded = (await registry.http.get(f"/v1/agencies/{PA_CO}/history")).json()
    assert succeeded["predecessors"] == ["H28.31", "H28.31.05"]


async def test_a_successor_that_was_closed_later_is_followed_to_the_end(registry: Registry) -> None:
    await done(registry, MERGER)
    between = registry.clock.now.isoformat()
    await done(registry, [{"do": "merge", "code": PA_CO, "into": ["H44"]}])

    assert (await agency(registry, "H28.31"))["successors"] == [PA_CO]
    assert (await agency(registry, "H28.31"))["responsible"] == ["H44"]
    assert (await agency(registry, "H28.31", at=between))["responsible"] == [PA_CO]


async def test_closed_agencies_leave_the_lists_but_not_the_directory(registry: Registry) -> None:
    await done(registry, MERGER)

    async def listed(status: str) -> list[str]:
        answer = await registry.http.get("/v1/agencies", params={"status": status})
        return [item["code"] for item in answer.json()["items"]]

    assert await listed("active") == ["G22", "H44", PA_CO]
    assert await listed("closed") == ["H28", "H28.31", "H28.31.05"]
    assert (await registry.http.get("/v1/agencies", params={"q": "hang kia"})).json()["items"] == []


async def test_who_uploaded_an_act_does_not_approve_it(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]

    answer = await approve(registry, act, by="operator")

    assert (answer.status_code, answer.json()["code"]) == (403, "reorganisation-approval-not-allowed")
    assert (await read(registry, f"/{act}"))["state"] == "uploaded"


async def test_a_node_does_not_redraw_the_map(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]

    answer = await approve(registry, act, by="node.H28")

    assert (answer.status_code, answer.json()["code"]) == (403, "reorganisation-approval-not-allowed")


async def test_an_approval_may_be_repeated_by_who_gave_it(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]

    answers = [await approve(registry, act) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_a_withdrawn_act_never_takes_effect_and_may_be_uploaded_again(registry: Registry) -> None:
    at = registry.clock.now + timedelta(days=1)
    act = (await upload(registry, *MERGER, at=at)).json()["id"]
    await approve(registry, act)
    withdrawn = await withdraw(registry, act)
    again = await upload(registry, *MERGER, at=at)
    registry.clock.turn(timedelta(days=2))

    assert (withdrawn.json()["state"], again.status_code) == ("withdrawn", 201)
    assert await registry.apply_due() == []
    assert (await agency(registry, "H28"))["status"] == "active"


async def test_what_has_taken_effect_is_not_withdrawn(registry: Registry) -> None:
    act = await done(registry, MERGER)

    answer = await withdraw(registry, act)

    assert (answer.status_code, answer.json()["code"]) == (409, "reorganisation-decided")


async def test_an_act_in_the_past_is_refused(registry: Registry) -> None:
    answer = await upload(registry, *MERGER, at=registry.clock.now - timedelta(seconds=1))

    assert (answer.status_code, answer.json()["code"]) == (400, "reorganisation-in-the-past")


async def test_an_act_whose_time_has_passed_is_not_approved(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]
    registry.clock.turn(timedelta(days=2))

    answer = await approve(registry, act)

    assert (answer.status_code, answer.json()["code"]) == (400, "reorganisation-in-the-past")


async def test_the_same_file_twice_is_refused(registry: Registry) -> None:
    at = registry.clock.now + timedelta(days=1)
    first = await upload(registry, *MERGER, at=at)

    second = await upload(registry, *MERGER, at=at)

    assert (second.status_code, second.json()["code"]) == (409, "reorganisation-duplicate")
    assert second.json()["reorganisation"] == first.json()["id"]


async def test_two_acts_at_one_instant_are_not_both_approved(registry: Registry) -> None:
    at = registry.clock.now + timedelta(days=1)
    first = (await upload(registry, *MERGER, at=at)).json()["id"]
    second = (await upload(registry, {"do": "rename", "code": "G22", "name": "Mới"}, at=at)).json()["id"]
    await approve(registry, first)

    answer = await approve(registry, second)

    assert (answer.status_code, answer.json()["code"]) == (409, "reorganisation-same-instant")


async def test_an_act_that_does_not_fit_is_not_approved(registry: Registry) -> None:
    act = (await upload(registry, {"do": "merge", "code": "H99", "into": ["H28"]})).json()["id"]

    answer = await approve(registry, act)
    preview = await read(registry, f"/{act}/preview")

    assert (answer.status_code, answer.json()["code"]) == (409, "reorganisation-conflicts")
    assert [one["kind"] for one in answer.json()["problems"]] == ["unknown-code"]
    assert preview["problems"] == answer.json()["problems"]


async def test_an_act_that_fits_no_more_when_due_fails_as_a_whole(registry: Registry) -> None:
    first = (await upload(registry, {"do": "merge", "code": "H28.31.05", "into": ["H28"]})).json()["id"]
    later = registry.clock.now + timedelta(days=2)
    merge = {"do": "merge", "code": "H28.31", "into": ["H28"]}
    second = (await upload(registry, merge, {"do": "rename", "code": "H28.31.05", "name": "x"}, at=later)).json()["id"]
    await approve(registry, second)
    await approve(registry, first)
    registry.clock.turn(timedelta(days=3))
    await registry.apply_due()

    states = [(await read(registry, f"/{act}"))["state"] for act in (first, second)]
    assert states == ["applied", "failed"]
    assert [one["kind"] for one in (await read(registry, f"/{second}"))["problems"]] == ["closed-already"]
    assert (await agency(registry, "H28.31"))["status"] == "active"


async def test_a_preview_counts_on_the_acts_that_come_before(registry: Registry) -> None:
    first = (await upload(registry, *MERGER)).json()["id"]
    later = registry.clock.now + timedelta(days=2)
    second = (await upload(registry, {"do": "rename", "code": PA_CO, "name": "Mới"}, at=later)).json()["id"]
    alone = await read(registry, f"/{second}/preview")
    await approve(registry, first)

    after = await read(registry, f"/{second}/preview")

    assert [one["kind"] for one in alone["problems"]] == ["unknown-code"]
    assert (after["problems"], after["after"]) == ([], [first])


async def test_a_preview_tells_what_closes_who_succeeds_and_whose_clients_follow(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]

    pages, path = [], f"/{act}/preview?limit=2"
    while path:
        page = await read(registry, path)
        pages.append(page)
        path = f"/{act}/preview?limit=2&cursor={page['next']}" if page["next"] else ""

    closed = {one["code"]: one["successors"] for page in pages for one in page["items"] if one["after"] is None}
    assert closed == {"H28": ["H44"], "H28.31": [PA_CO], "H28.31.05": [PA_CO]}
    clients = [{"client_id": "eoffice.H28.31.05", "agency": "H28.31.05", "to": PA_CO}]
    assert (pages[0]["clients"], pages[0]["clients_following"]) == (clients, 1)
    assert pages[0]["nodes"] == ["H28", "H28.31", "H28.31.05"]
    assert (pages[0]["documents_in_flight"], pages[0]["certificates"]) == (None, None)
    assert (await agency(registry, "H28"))["status"] == "active"


async def test_clients_and_delegations_pass_to_the_successor_or_end(registry: Registry) -> None:
    await registry.http.put("/v1/delegations/H28.31.05/H28", headers=await registry.bearer())
    await registry.http.put("/v1/delegations/H28.31/H28.31.05", headers=await registry.bearer())
    draft = ClientDraft(client_id="stays", name="x", scopes=[Scope.INBOX], agency=AgencyCode("H28.31"), secret=SECRET)
    await register_client(registry.database, draft, now=registry.clock.now)
    kept = [one for one in MERGER if one["code"] != "H28.31"]
    await done(registry, [*kept, {"do": "dissolve", "code": "H28.31", "into": [PA_CO], "follow": False}])

    administrator = await registry.bearer("administrator")
    clients = {
        name: (await registry.http.get(f"/v1/clients/{name}", headers=administrator)).json()
        for name in ("eoffice.H28.31.05", "stays")
    }
    delegations = (await registry.http.get("/v1/delegations")).json()["items"]
    assert (clients["eoffice.H28.31.05"]["agency"], clients["eoffice.H28.31.05"]["active"]) == (PA_CO, True)
    assert (clients["stays"]["agency"], clients["stays"]["active"]) == ("H28.31", False)
    assert delegations == [{"principal": PA_CO, "delegate": "H44"}]


async def test_a_closed_agency_is_neither_changed_nor_given_clients(registry: Registry) -> None:
    await done(registry, MERGER)
    body = {"name": "x", "level": "district", "parent": "H44"}
    client = {"client_id": "new", "name": "x", "agency": "H28.31", "scopes": ["inbox"]}

    changed = await registry.http.put("/v1/agencies/H28.31", json=body, headers=await registry.bearer())
    below = await registry.http.put(
        "/v1/agencies/H28.32", json={**body, "parent": "H28"}, headers=await registry.bearer()
    )
    bound = await registry.http.post("/v1/clients", json=client, headers=await registry.bearer("administrator"))

    assert [answer.status_code for answer in (changed, below, bound)] == [400, 400, 409]
    assert bound.json()["code"] == "agency-closed"


async def test_changes_wait_while_an_act_is_due(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]
    await approve(registry, act)
    registry.clock.turn(timedelta(days=1))

    answer = await registry.http.put("/v1/delegations/H28.31.05/H28", headers=await registry.bearer())

    assert (answer.status_code, answer.json()["code"]) == (503, "reorganisation-due")
    assert int(answer.headers["Retry-After"]) > 0
    await registry.apply_due()
    again = await registry.http.put("/v1/delegations/G22/H44", headers=await registry.bearer())
    assert again.status_code == 201


async def test_the_registry_applies_acts_by_itself(registry: Registry) -> None:
    act = (await upload(registry, *MERGER)).json()["id"]
    await approve(registry, act)
    registry.clock.turn(timedelta(days=1))
    often = registry.settings.model_copy(update={"reorganisation_interval": timedelta(milliseconds=20)})
    another_process = create_app(often, clock=registry.clock)

    async with another_process.router.lifespan_context(another_process), asyncio.timeout(20):
        while (await read(registry, f"/{act}"))["state"] != "applied":
            await asyncio.sleep(0.02)

    assert (await agency(registry, "H28"))["status"] == "closed"


async def test_approval_and_application_are_stated_under_the_directorys_seal(registry: Registry) -> None:
    act = await read(registry, f"/{await done(registry, MERGER)}")

    statements = [
        ReorganisationStatement.model_validate_json(
            open_seal(
                seal,
                typ=REORGANISATION_TYPE,
                trust=registry.pki.trust(),
                at=registry.clock.now,
                profile=Profile.DIRECTORY,
            ).payload
        )
        for seal in act["seals"]
    ]

    assert [one.version for one in statements] == [None, act["version"]]
    assert {(one.sha256, one.approved_by) for one in statements} == {(act["sha256"], "second-operator")}


async def test_the_file_is_kept_byte_for_byte(registry: Registry) -> None:
    content = "do,code,name,decision\nrename,H28,UBND tỉnh Hòa Bình mới,1/QĐ\n".encode()
    effective = (registry.clock.now + timedelta(days=1)).isoformat()
    uploaded = await registry.http.post(
        "/v1/reorganisations",
        params={"title": "Đổi tên", "effective": effective},
        content=content,
        headers={**await registry.bearer(), "Content-Type": "text/csv; charset=utf-8"},
    )
    assert uploaded.status_code == 201, uploaded.text

    kept = await registry.http.get(f"{uploaded.headers['Location']}/file", headers=await registry.bearer())
    await approve(registry, uploaded.json()["id"])
    registry.clock.turn(timedelta(days=1))
    await registry.apply_due()

    assert kept.content == content
    assert (await agency(registry, "H28"))["name"] == "UBND tỉnh Hòa Bình mới"


async def test_faulty_operations_are_named_by_their_lines(registry: Registry) -> None:
    answer = await upload(
        registry, {"do": "merge", "code": "H28"}, MERGER[0], {"do": "rename", "code": "H28", "name": "x", "node": "y"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "reorganisation-unreadable")
    assert [fault["line"] for fault in answer.json()["lines"]] == [1, 3]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b"{" * 1000, b'{"title":"x","effective":"x","operations":[]}']
)
@pytest.mark.parametrize("media_type", ["application/json", "text/csv", "text/plain"])
async def test_what_is_no_act_is_refused(registry: Registry, content: bytes, media_type: str) -> None:
    headers = {**await registry.bearer(), "Content-Type": media_type}

    answer = await registry.http.post("/v1/reorganisations", content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "reorganisation-unreadable")


async def test_acts_are_listed_in_the_order_of_their_times(registry: Registry) -> None:
    made = []
    for days in (3, 1, 2):
        at = registry.clock.now + timedelta(days=days)
        made.append((at, (await upload(registry, *MERGER, at=at)).json()["id"]))

    listed, path = [], "?limit=1&state=uploaded"
    while path:
        page = await read(registry, path)
        listed += [item["id"] for item in page["items"]]
        path = f"?limit=1&state=uploaded&cursor={page['next']}" if page["next"] else ""

    assert listed == [act for _, act in sorted(made)]


async def test_an_agency_does_not_read_acts(registry: Registry) -> None:
    answer = await registry.http.get("/v1/reorganisations", headers=await registry.bearer("eoffice.H28.31.05"))

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
