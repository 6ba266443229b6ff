"""Time-stamping authority and OCSP responder are away: documents go on, marked; afterwards every mark clears."""

import asyncio
from datetime import timedelta
from functools import partial

from asn1crypto import cms

from lienthong.exchange.storage.log_schema import log_time_stamps, revocation_pending
from lienthong.exchange.storage.schema import evidence, evidence_log
from tests.integration.exchange.carry.tree import eventually
from tests.integration.exchange.outage.two_nodes import LIST_LIFETIME, RECEIVER, SENDER, TwoNodes

TEN_MINUTES = timedelta(minutes=10)
PATIENCE_S = 90
"""Seconds of the machine's: what failed for long is tried again after up to 30."""
PENDING, CLEAR = ("pending", "pending"), ("stamped", "known")


async def _an_hour_without_services(network: TwoNodes) -> list[str]:
    """Two documents every ten minutes, each sent, delivered and taken; their ids."""
    sent: list[str] = []
    for step in range(6):
        network.clock.passes(TEN_MINUTES)
        sent += [(await network.send(10 * step + n))["id"] for n in range(2)]
        taken = 0
        while taken < 2:
            taken += await network.acknowledge()
        await eventually(partial(_are_done, network, sent[-2:]))
    return sent


async def _are_done(network: TwoNodes, documents: list[str]) -> bool:
    found = [(await network.read(SENDER, one))["deliveries"] for one in documents]
    return [one["transport_status"] for deliveries in found for one in deliveries] == ["done"] * len(documents)


async def _is_logged(network: TwoNodes) -> bool:
    """Whether all evidence is in the logs, and checkpoints cover it."""
    for node in network.nodes.values():
        own = [one for one in await node.rows(evidence) if one["issuer"] == node.factory.here]
        if len(own) != len(await node.rows(evidence_log)):
            return False
    return True


async def _all_marks(network: TwoNodes, documents: list[str]) -> set[tuple[str, str]]:
    return {one for agency in (SENDER, RECEIVER) for one in await network.marks(agency, documents)}


async def test_an_hour_without_time_stamps_and_revocation_stops_nothing_and_all_marks_clear(network: TwoNodes) -> None:
    before = (await network.send(1))["id"]
    await _become(network, [before], CLEAR)
    await network.signing.kill()
    stamps_before = {name: len(await node.rows(log_time_stamps)) for name, node in network.nodes.items()}

    sent = await _an_hour_without_services(network)

    assert await network.marks(SENDER, sent) == [("pending", "known")] * 6 + [PENDING] * 6
    assert await network.marks(RECEIVER, sent) == [("pending", "known")] * 6 + [PENDING] * 6
    assert {(await network.read(RECEIVER, one))["signatures"]["indication"] for one in sent[6:]} == {"INDETERMINATE"}

    await eventually(lambda: _is_logged(network))
    await network.signing.publish_lists()
    await network.signing.start()
    await _become(network, sent, CLEAR, step_s=60)

    serials = set()
    for name, node in network.nodes.items():
        (stamp,) = (await node.rows(log_time_stamps))[stamps_before[name] :]  # one over the whole backlog
        serials.add(_serial(stamp["token"]))
        assert await node.rows(revocation_pending) == []
    assert len(serials) == 2, "one token for each node"


def _serial(token: bytes) -> int:
    content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
    return int(content.parsed["serial_number"].native)


async def _become(network: TwoNodes, documents: list[str], marks: tuple[str, str], *, step_s: int = 5) -> None:
    """Waits until both nodes show ``marks``; the simulated time passes meanwhile, so that nobody's turn is far."""
    async with asyncio.timeout(PATIENCE_S):
        while await _all_marks(network, documents) != {marks}:
            network.clock.passes(timedelta(seconds=step_s))
            await asyncio.sleep(0.05)


async def test_the_second_verdict_stands_beside_the_first_and_in_the_timeline(network: TwoNodes) -> None:
    await network.signing.kill()
    network.clock.passes(2 * LIST_LIFETIME)
    sent = (await network.send(1))["id"]
    first = await network.read(SENDER, sent)

    await network.signing.publish_lists()
    await network.signing.start()
    await _become(network, [sent], CLEAR, step_s=60)

    later = await network.read(SENDER, sent)
    assert first["later_report"] is None
    assert later["report"] == first["report"]
    assert (later["report"]["indication"], later["report"]["sub_indication"]) == ("INDETERMINATE", "TRY_LATER")
    assert (later["later_report"]["report"]["indication"], later["later_report"]["revoked"]) == ("TOTAL-PASSED", False)
    assert later["signatures"] == {"indication": "TOTAL-PASSED", "package": "valid"}
    told = (await network.read(SENDER, sent, "/timeline"))["items"]
    (verdict,) = [one for one in told if one["kind"] == "later-report"]
    assert verdict["later_report"] == {"signatures": later["signatures"], "revoked": False}
    stamped = [one["time_stamp"]["state"] for one in told if one["time_stamp"] and one["node"] == SENDER]
    assert stamped[0] == "stamped"


async def test_a_certificate_that_was_revoked_before_receipt_is_shown_and_nothing_is_taken_back(
    network: TwoNodes,
) -> None:
    network.clock.passes(TEN_MINUTES)
    await network.signing.kill()
    network.clock.passes(2 * LIST_LIFETIME)
    sent = (await network.send(1))["id"]
    await _become(network, [sent], PENDING)

    since = network.clock() - 2 * LIST_LIFETIME
    await network.signing.revoke(network.signer.certificate, since=since)
    await network.signing.start()
    await _become(network, [sent], ("stamped", "revoked"))

    shown = await network.read(RECEIVER, sent)
    assert shown["later_report"]["revoked"] is True
    assert shown["later_report"]["report"]["sub_indication"] == "REVOKED"
    assert shown["signatures"] == {"indication": "TOTAL-FAILED", "package": "invalid"}
    assert shown["report"]["sub_indication"] == "TRY_LATER"
    assert await network.acknowledge() == 1
    async with network.client(RECEIVER) as client:
        assert (await client.get(f"/v1/documents/{sent}/package")).status_code == 200
        (alarm,) = (await client.get("/v1/admin/alarms")).json()["items"]
    assert (alarm["node"], alarm["violation"], sent in alarm["detail"]) == (RECEIVER, "signer-revoked", True)


async def test_where_lists_are_stale_the_responder_is_asked_before_a_document_is_marked(network: TwoNodes) -> None:
    network.clock.passes(2 * LIST_LIFETIME)

    sent = (await network.send(1))["id"]

    shown = await network.read(SENDER, sent)
    assert (shown["report"]["indication"], shown["revocation"]) == ("TOTAL-PASSED", "known")
    assert await network.nodes[SENDER].rows(revocation_pending) == []
