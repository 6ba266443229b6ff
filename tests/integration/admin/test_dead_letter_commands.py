"""``lienthong admin dead-letters`` against a node that gave messages up."""

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from lienthong.exchange.domain.dead_letters import GivenUp, new_letter
from lienthong.exchange.storage.dead_letters import keep_letters
from lienthong.shared.identifiers import new_uuid
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem
from tests.integration.admin.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _given_up(network: WholeNetwork, *, code: str) -> str:
    """A letter that no judge will ever take; its id."""
    message = GivenUp(id=new_uuid(), envelope="a.b.c", body=b"package", priority=0, headers={})
    async with network.databases["H28"].begin() as connection:
        await keep_letters(connection, [new_letter(message, reason=code, detail="Vì sao")], datetime.now(UTC))
    return message.id


async def _listed(desk: Desk, *arguments: str) -> list[dict[str, Any]]:
    return list(await desk.ask("dead-letters", "list", *arguments, "--node", "H28"))


async def test_letters_are_listed_shown_replayed_and_discarded(network: WholeNetwork, desk: Desk) -> None:
    message = await _given_up(network, code="for-the-table")

    [one] = await _listed(desk, "--code", "for-the-table")
    table = await desk.type("dead-letters", "list", "--node", "H28")
    shown = await desk.type("dead-letters", "show", one["id"], "--node", "H28")
    replayed = await desk.ask("dead-letters", "replay", one["id"], "--reason", "thử lại", "--node", "H28")
    discarded = await desk.ask("dead-letters", "discard", one["id"], "--reason", "giả mạo", "--node", "H28")
    acts = await desk.ask("acts", "--limit", "2", "--node", "H28")

    assert "for-the-table" in table.stdout
    assert "Vì sao" in shown.stdout
    assert (one["message_id"], one["body_sha256"]) == (message, hashlib.sha256(b"package").hexdigest())
    assert [(after["state"], after["code"]) for after in replayed["letters"]] == [("dead", "seal-invalid")]
    assert discarded["state"] == "discarded"
    assert [(act["act"], act["subject"], act["reason"]) for act in acts] == [
        ("dead-letter-discarded", one["id"], "giả mạo"),
        ("dead-letters-replayed", one["id"], "thử lại"),
    ]
    assert one["id"] not in [left["id"] for left in await _listed(desk)]
    assert one["id"] in [settled["id"] for settled in await _listed(desk, "--state", "discarded")]


async def test_many_are_replayed_by_their_code(network: WholeNetwork, desk: Desk) -> None:
    for _ in range(3):
        await _given_up(network, code="for-the-batch")

    told = await desk.type("dead-letters", "replay", "--code", "for-the-batch", "--node", "H28")
    nothing = await desk.type("dead-letters", "replay", "--code", "for-the-batch", "--node", "H28")
    unnamed = await desk.type("dead-letters", "replay", "--node", "H28")

    assert (told.exit_code, "3 dead (seal-invalid)" in told.stdout) == (0, True), told.output
    assert "Nothing was to be replayed" in nothing.stdout
    assert (unnamed.exit_code, "nothing-named" in unnamed.stderr) == (1, True)


async def test_a_letter_that_is_not_there_is_said_to_be_missing(desk: Desk) -> None:
    for letter in (new_uuid(), "no id"):
        for command in (("show", letter), ("replay", letter), ("discard", letter, "--reason", "x")):
            told = await desk.type("dead-letters", *command, "--node", "H28")
            assert (told.exit_code, "dead-letter-not-found" in told.stderr) == (1, True), told.output


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/{id}"),
        ("POST", "/{id}/replay"),
        ("POST", "/replay"),
        ("POST", "/{id}/discard"),
    ],
)
async def test_an_agency_s_client_sees_and_moves_no_letter(network: WholeNetwork, method: str, path: str) -> None:
    target = f"/v1/admin/dead-letters{path.format(id=new_uuid())}"
    refused = await network.call("H28", method, target, json={"reason": "x"} if method == "POST" else None)

    assert_problem(refused, 403, "scope-missing", hop="H28")


async def test_pages_hold_every_letter_once(network: WholeNetwork, desk: Desk) -> None:
    await asyncio.gather(*(_given_up(network, code="for-the-pages") for _ in range(5)))

    found = await _listed(desk, "--code", "for-the-pages", "--limit", "3")
    everything = await _listed(desk, "--code", "for-the-pages")

    assert (len(found), len({one["id"] for one in everything})) == (3, 5)
