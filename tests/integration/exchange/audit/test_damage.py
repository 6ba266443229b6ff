"""A node at work is sound; every damage to its database or its packages is found as what it is, on both databases."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lienthong.exchange.domain.audit import STUCK_AFTER
from lienthong.exchange.storage.schema import (
    deliveries,
    documents,
    evidence,
    evidence_log,
    evidence_pending,
    outbox,
    submissions,
)
from lienthong.shared.identifiers import new_uuid
from tests.integration.exchange.audit.auditing import added, audited, changed, lost, overwritten
from tests.integration.exchange.carry.tree import Node, Tree, eventually, letter, open_tree

HERE, COMMUNE, OFFICE = "H28.31", "H28.31.05", "H28.31.01"
MOMENT = timedelta(seconds=1)
BROKEN, STUCK, LEFT_OVER = "broken", "stuck", "left-over"


@pytest.fixture
async def busy(tmp_path: Path, empty_database: Path, database_url: str) -> AsyncIterator[Node]:
    """A district's node that sent, received and relays, with a delivery taken and answered; the province is away."""
    async with open_tree(tmp_path, empty_database, databases={HERE: database_url}) as tree:
        tree[COMMUNE].start()
        tree[HERE].start()
        await tree.submit(HERE, letter(HERE, ["G22", OFFICE], folder=tree.folder))
        await tree.submit(COMMUNE, letter(COMMUNE, [HERE, "H28"], folder=tree.folder))
        await _taken_and_answered(tree)
        node = tree[HERE]
        await eventually(lambda: _is_quiet(node))
        await node.stop()
        yield node


async def _taken_and_answered(tree: Tree) -> None:
    async with tree.client(OFFICE, node=HERE) as client:
        [claim] = (await client.post("/v1/inbox/claims", json={})).json()["claims"]
        done = {"lease_token": claim["lease_token"], "result": "done"}
        await client.post(f"/v1/deliveries/{claim['delivery_id']}/acknowledgement", json=done)
        answered = await client.post(f"/v1/documents/{claim['document']['id']}/statuses", json={"code": "03"})
        assert answered.status_code == 201, answered.text


async def _is_quiet(node: Node) -> bool:
    """Everything came in, the log has everything, and two documents wait for the province."""
    waiting = [row for row in await node.rows(outbox) if row["document_id"]]
    return len(waiting) == 2 and len(await node.rows(documents)) == 3 and not await node.rows(evidence_pending)


async def test_a_node_at_work_has_no_findings_and_says_what_was_checked(busy: Node) -> None:
    result = await audited(busy, deep=True)

    assert result.found == {}
    assert result.checked["documents"] == result.checked["packages of documents"] == 3
    assert result.checked["packages in the store"] == 3
    assert result.checked["deliveries"] == len(await busy.rows(deliveries)) == 5
    assert result.checked["submissions"] == len(await busy.rows(submissions)) == 2
    assert result.checked["log entries"] == result.checked["evidence"] == len(await busy.rows(evidence_log))
    assert result.checked["messages"] == len(await busy.rows(outbox))


async def test_a_message_of_several_envelopes_is_read_whole(busy: Node) -> None:
    [sent] = [row for row in await busy.rows(deliveries) if row["agency"] == "G22"]
    [row] = [row for row in await busy.rows(outbox) if row["document_id"] == sent["document_id"]]
    twice = f"{row['envelope']}~{row['envelope']}"

    async with changed(busy, outbox, outbox.c.id == row["id"], envelope=twice):
        whole = await audited(busy, after=STUCK_AFTER + MOMENT)
    async with changed(busy, outbox, outbox.c.id == row["id"], envelope=f"{row['envelope']}~x"):
        torn = await audited(busy)

    assert whole.found == {("delivery-moving", STUCK): 1}
    assert torn.found == {("outbox-names", BROKEN): 1}


async def test_every_damage_to_the_database_is_found_as_what_it_is(busy: Node) -> None:
    for name, (damage, found) in (await _damages(busy)).items():
        async with damage:
            result = await audited(busy)
        assert dict(result.found) == found, name
    assert (await audited(busy)).found == {}


async def _damages(node: Node) -> dict[str, tuple[AbstractAsyncContextManager[None], dict[tuple[str, str], int]]]:
    rows = await node.rows(deliveries)
    taken = next(row for row in rows if row["transport_status"] == "done")
    remote = next(row for row in rows if row["agency"] == "G22")
    receipt = next(
        row for row in await node.rows(evidence) if row["event"] == "SubmissionAcceptance" and row["issuer"] == HERE
    )
    this, that = deliveries.c.id == taken["id"], deliveries.c.id == remote["id"]
    of_it = submissions.c.document_id == taken["document_id"]
    last = max(row["index"] for row in await node.rows(evidence_log))
    carried = next(row for row in await node.rows(outbox) if row["document_id"])
    twice: dict[str, Any] = {**taken, "id": new_uuid(), "transport_status": "initial", "business_status": None}
    return {
        "a delivery twice": (
            added(node, deliveries, twice),
            {
                ("delivery-once", BROKEN): 1,
                ("deliveries-accepted", BROKEN): 1,
                ("delivery-witnessed", BROKEN): 1,
            },
        ),
        "a lost delivery": (
            lost(node, deliveries, that),
            {("deliveries-accepted", BROKEN): 1, ("outbox-names", BROKEN): 1},
        ),
        "taken, and waiting again": (
            changed(node, deliveries, this, transport_status="initial"),
            {("delivery-forward", BROKEN): 1},
        ),
        "done, and nobody took it": (
            changed(node, deliveries, that, transport_status="done"),
            {("delivery-ended", BROKEN): 1},
        ),
        "failed without a reason": (
            changed(node, deliveries, that, transport_status="fail"),
            {("delivery-ended", BROKEN): 1},
        ),
        "a status gone back": (
            changed(node, deliveries, this, business_status="01"),
            {("business-forward", BROKEN): 1},
        ),
        "no record of a submission": (lost(node, submissions, of_it), {("document-submission", BROKEN): 1}),
        "an answer without its document": (
            changed(node, submissions, of_it, document_id=new_uuid()),
            {("submission-document", BROKEN): 1, ("document-submission", BROKEN): 1},
        ),
        "another receipt than was given": (
            changed(node, evidence, evidence.c.id == receipt["id"], jws=receipt["jws"][:-1]),
            {("submission-receipt", BROKEN): 1, ("log-entry", BROKEN): 1},
        ),
        "a receipt that is none": (
            changed(node, evidence, evidence.c.id == receipt["id"], event="NotificationDelivered"),
            {("submission-receipt", BROKEN): 1, ("document-receipt", BROKEN): 1},
        ),
        "evidence that the log forgot": (
            lost(node, evidence_log, evidence_log.c.index == last),
            {("evidence-logged", BROKEN): 1},
        ),
        "a gap in the log": (
            lost(node, evidence_log, evidence_log.c.index == 0),
            {("evidence-logged", BROKEN): 1, ("log-entry", BROKEN): 1},
        ),
        "another hash in the log": (
            changed(node, evidence_log, evidence_log.c.index == 1, leaf_hash="0" * 64),
            {("log-entry", BROKEN): 1},
        ),
        "an envelope that is none": (
            changed(node, outbox, outbox.c.id == carried["id"], envelope="a.b.c"),
            {("outbox-names", BROKEN): 1},
        ),
    }


async def test_a_lost_row_of_the_outbox_is_found_when_its_document_does_not_arrive(busy: Node) -> None:
    [sent] = [row for row in await busy.rows(deliveries) if row["agency"] == "G22"]
    async with lost(busy, outbox, outbox.c.document_id == sent["document_id"]):
        young, old = await audited(busy), await audited(busy, after=STUCK_AFTER + MOMENT)

    assert young.found == {}
    assert old.found == {("delivery-moving", STUCK): 1}


async def test_a_package_that_is_missing_short_or_changed_is_found(busy: Node) -> None:
    [sent] = [row for row in await busy.rows(deliveries) if row["agency"] == "G22"]
    [row] = [row for row in await busy.rows(documents) if row["id"] == sent["document_id"]]
    digest = row["package_sha256"]
    path = Path(busy.factory.settings.blobs_url.removeprefix("file://")) / digest[:2] / digest[2:4] / digest
    whole = path.read_bytes()

    async with overwritten(path, None):
        missing = await audited(busy)
    async with overwritten(path, whole[:-1]):
        short = await audited(busy)
    async with overwritten(path, bytes([whole[0] ^ 1]) + whole[1:]):
        seen_from_outside, read = await audited(busy), await audited(busy, deep=True)

    assert missing.found == {("package-present", BROKEN): 1, ("outbox-names", BROKEN): 1}
    assert short.found == {("package-size", BROKEN): 1}
    assert seen_from_outside.found == {}
    assert read.found == {("package-digest", BROKEN): 1}


async def test_a_package_that_nobody_names_is_left_over(busy: Node) -> None:
    folder = Path(busy.factory.settings.blobs_url.removeprefix("file://")) / "ab" / "cd"
    folder.mkdir(parents=True, exist_ok=True)
    orphan = folder / ("abcd" + "0" * 60)
    orphan.write_bytes(b"nobody's")

    young = await audited(busy)
    old = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    os.utime(orphan, (old, old))

    assert young.found == {}
    assert (await audited(busy)).found == {("package-named", LEFT_OVER): 1}
