"""What becomes of messages that were given up: kept, replayed through the same judging, or discarded, never lost."""

import dataclasses
from typing import Any

import pytest
from sqlalchemy import update

from lienthong.exchange.storage.operations_schema import admin_acts, dead_letters, refused_envelopes
from lienthong.exchange.storage.schema import deliveries, documents, evidence, inbox
from lienthong.shared.bus import Message
from tests.integration.exchange.carry.handing_over import published, waiting_message
from tests.integration.exchange.carry.tree import Node, Tree, eventually, letter

PATH = "/v1/admin/dead-letters"
FORGED = "A" * 86


async def _letters(tree: Tree, node: str, **query: str) -> list[dict[str, Any]]:
    async with tree.client(node) as operator:
        return list((await operator.get(PATH, params=query)).raise_for_status().json()["items"])


async def _order(tree: Tree, node: str, path: str, **said: object) -> Any:
    async with tree.client(node) as operator:
        return await operator.post(PATH + path, json=said)


async def _sent(tree: Tree, *, number: str = "181") -> Message:
    """What H28 would hand over to G22."""
    answer = await tree.submit("H28", letter("H28", ["G22"], folder=tree.folder, number=number))
    assert answer.status_code == 201, answer.text
    return await waiting_message(tree["H28"])


async def _settled(tree: Tree, node: str) -> list[str]:
    rows = await tree[node].rows(dead_letters)
    return [] if any(row["state"] == "asked" for row in rows) else [row["state"] for row in rows]


async def test_a_letter_tells_why_it_died_and_claims_to_come_from(tree: Tree) -> None:
    message = await _sent(tree)
    head, payload, _ = message.envelope.split(".")
    tree["G22"].start()

    for _ in range(2):
        await published(tree, dataclasses.replace(message, envelope=f"{head}.{payload}.{FORGED}"), by="H28")

    [one] = await _letters(tree, "G22")
    assert (one["state"], one["code"], one["issuer"], one["kind"]) == ("dead", "seal-invalid", "H28", "document")
    assert one["detail"]
    assert (one["times"], one["message_id"], one["body_size"]) == (2, message.id, len(message.body))
    assert await _letters(tree, "G22", code="other") == await _letters(tree, "G22", issuer="G22") == []


async def test_a_forged_letter_stays_dead_however_often_it_is_replayed(tree: Tree) -> None:
    message = await _sent(tree)
    head, payload, _ = message.envelope.split(".")
    tree["G22"].start()
    await published(tree, dataclasses.replace(message, envelope=f"{head}.{payload}.{FORGED}"), by="H28")
    [one] = await _letters(tree, "G22")

    asked = await _order(tree, "G22", f"/{one['id']}/replay")
    await eventually(lambda: _settled(tree, "G22"))

    assert asked.json()["state"] == "asked"
    [after] = await _letters(tree, "G22")
    assert (after["state"], after["code"], after["replays"]) == ("dead", "seal-invalid", 1)
    assert [await tree["G22"].rows(table) for table in (documents, deliveries, inbox)] == [[], [], []]


async def test_a_replay_after_the_cause_is_gone_delivers_once_and_tells_the_origin(tree: Tree) -> None:
    await _letter_of_a_stale_judge(tree)
    report = await _order(tree, "G22", "/replay", reason="Danh bạ đã đúng")
    await eventually(lambda: _settled(tree, "G22"))
    again = await _order(tree, "G22", "/replay")

    assert (report.json()["asked"], report.json()["refused"], report.json()["left"]) == (1, 0, 0)
    assert again.json()["asked"] == 0
    [one] = await _letters(tree, "G22", act=report.json()["act"])
    assert (one["state"], bool(one["settled_at"])) == ("taken", True)
    [delivery] = await tree["G22"].rows(deliveries)
    assert delivery["transport_status"] == "initial"
    [act] = await tree["G22"].rows(admin_acts)
    assert (act["act"], act["actor"], act["reason"]) == ("dead-letters-replayed", "eoffice.G22", "Danh bạ đã đúng")
    tree["H28"].start()
    await eventually(lambda: _consigned(tree["H28"]))


async def _letter_of_a_stale_judge(tree: Tree) -> Message:
    """A true message that was given up by a node that could not know better; it can now."""
    message = await _sent(tree)
    spoilt = dataclasses.replace(message, envelope=message.envelope[:-4] + "AAAA")
    tree["G22"].start()
    await published(tree, spoilt, by="H28")
    async with tree["G22"].factory.database.begin() as connection:
        whole = {"envelope": message.envelope.encode(), "code": "seal-not-trusted-yet"}
        await connection.execute(update(dead_letters).values(whole))
    return message


async def _consigned(node: Node) -> bool:
    return "ContentConsignment" in {row["event"] for row in await node.rows(evidence)}


async def test_what_arrived_meanwhile_is_not_delivered_twice_by_a_replay(tree: Tree) -> None:
    message = await _letter_of_a_stale_judge(tree)
    await published(tree, message, by="H28")

    await _order(tree, "G22", "/replay")
    await eventually(lambda: _settled(tree, "G22"))

    assert await _settled(tree, "G22") == ["taken"]
    assert len(await tree["G22"].rows(deliveries)) == 1


async def _refused(tree: Tree) -> dict[str, Any]:
    """A document that G22 refused as too large; then its limit is as before."""
    message = await _sent(tree)
    usual = tree["G22"].factory
    narrow = usual.settings.model_copy(update={"max_package_bytes": 100})
    tree["G22"].factory = dataclasses.replace(usual, settings=narrow)
    tree["G22"].start()
    await published(tree, message, by="H28")
    await tree["G22"].stop()
    tree["G22"].factory = usual
    tree["G22"].start()
    [one] = await _letters(tree, "G22")
    return one


async def test_a_refusal_that_the_sender_holds_evidence_of_is_never_belied_by_a_replay(tree: Tree) -> None:
    one = await _refused(tree)

    single = await _order(tree, "G22", f"/{one['id']}/replay")
    many = await _order(tree, "G22", "/replay")

    assert (one["code"], bool(one["refused_at"])) == ("package-too-large", True)
    assert (single.status_code, single.json()["code"]) == (409, "refusal-is-final")
    assert (many.json()["asked"], many.json()["refused"], many.json()["left"]) == (0, 1, 0)
    assert await tree["G22"].rows(deliveries) == []


async def test_a_discarded_document_fails_at_its_origin_with_the_operators_reason(tree: Tree) -> None:
    await _letter_of_a_stale_judge(tree)
    [one] = await _letters(tree, "G22")

    silent = await _order(tree, "G22", f"/{one['id']}/discard", reason="  ")
    done = await _order(tree, "G22", f"/{one['id']}/discard", reason="Văn bản thử nghiệm")
    again = await _order(tree, "G22", f"/{one['id']}/discard", reason="x")
    replayed = await _order(tree, "G22", f"/{one['id']}/replay")

    assert (silent.status_code, silent.json()["code"]) == (400, "invalid-request")
    assert (done.json()["state"], bool(done.json()["refused_at"])) == ("discarded", True)
    assert [(one.status_code, one.json()["code"]) for one in (again, replayed)] == [(409, "dead-letter-settled")] * 2
    [act] = await tree["G22"].rows(admin_acts)
    assert (act["act"], act["subject"], act["detail"]["sender_told"]) == ("dead-letter-discarded", one["id"], True)
    tree["H28"].start()
    await eventually(lambda: _failed(tree["H28"]))
    [delivery] = await tree["H28"].rows(deliveries)
    assert "Văn bản thử nghiệm" in delivery["transport_detail"]
    assert await tree["G22"].rows(deliveries) == []


async def _failed(node: Node) -> bool:
    return [row["transport_status"] for row in await node.rows(deliveries)] == ["fail"]


async def test_nobody_is_told_of_a_forged_letter_that_is_discarded(tree: Tree) -> None:
    message = await _sent(tree)
    tree["G22"].start()
    await published(tree, dataclasses.replace(message, envelope="a.b.c", body=b""), by="H28")
    [one] = await _letters(tree, "G22")

    done = await _order(tree, "G22", f"/{one['id']}/discard", reason="giả mạo")

    assert (done.json()["state"], done.json()["refused_at"]) == ("discarded", None)
    assert await tree["G22"].rows(refused_envelopes) == []


HOSTILE: dict[str, dict[str, object]] = {
    "id with a NUL": {"id": "\x00" * 40},
    "endless id": {"id": "x" * 5_000},
    "envelope that is none": {"envelope": "\x00\ud800"},
    "huge envelope": {"envelope": "e" * 1_100_000},
    "body larger than any inline package": {"body": b"\x00" * 300_000},
    "headers of all kinds": {"headers": {"traceparent": "\x00", "x" * 300: "y", "plain": "đ"}},
    "absurd priority": {"priority": 2**40},
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_message_is_kept_and_shown_and_breaks_nothing(tree: Tree, case: str) -> None:
    true = await _sent(tree)
    tree["G22"].start()

    await published(tree, dataclasses.replace(true, **{"envelope": "a.b.c", **HOSTILE[case]}), by="H28")  # type: ignore[arg-type]
    await published(tree, true, by="H28")

    [one] = await _letters(tree, "G22")
    asked = await _order(tree, "G22", f"/{one['id']}/replay")
    assert asked.status_code == (409 if case == "huge envelope" else 200), asked.text
    await eventually(lambda: _settled(tree, "G22"))
    assert (await _letters(tree, "G22"))[0]["state"] == "dead"
    assert len(await tree["G22"].rows(deliveries)) == 1
