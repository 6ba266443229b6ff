"""An e-office system with the national SDK does its whole round against a node, unchanged."""

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.signatures.asice import ContainerFile, build_container
from tests.integration.acceptance.letters import PDF_NAME, key_of, package
from tests.integration.acceptance.whole_network import WholeNetwork
from tests.integration.vxp.conftest import Endpoint
from tests.support.vxp import captured

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINE = {"docId", "serviceType", "messageType", "created_time", "updated_time", "from", "to", "status", "status_desc"}
SENT = {
    "serviceType",
    "messageType",
    "senderDocId",
    "receiverDocId",
    "fromCode",
    "toCode",
    "sendStatus",
    "sendStatusDesc",
    "receiveStatus",
    "receiveStatusDesc",
    "sentTime",
    "receivedTime",
    "title",
    "notation",
}


async def waiting(endpoint: Endpoint, kind: str = "edoc") -> list[dict[str, str]]:
    """The list that a client polls, until something is in it."""
    async with asyncio.timeout(30):
        while True:
            envelope = await endpoint.call("getReceivedEdocList", servicetype="eDoc", messagetype=kind)
            assert envelope["status"] == "OK", envelope
            if envelope["data"]:
                lines: list[dict[str, str]] = envelope["data"]
                return lines
            await asyncio.sleep(0.05)


async def test_the_captured_requests_are_answered(province: Endpoint) -> None:
    sent: dict[str, Any] = (await province.replay("sendEdoc-document")).json()
    again: dict[str, Any] = (await province.replay("sendEdoc-document")).json()
    lists = [(await province.replay(name)).json() for name in ("getAgenciesList", "getReceivedEdocList")]

    assert (sent["status"], sent["ErrorCode"]) == ("OK", "0")
    assert again == sent
    assert [one["status"] for one in lists] == ["OK", "OK"]


async def test_a_whole_round_in_one_long_lived_client(
    network: WholeNetwork, province: Endpoint, district: Endpoint, tmp_path: Path
) -> None:
    file = package(network, "H28", ["H28.31"], folder=tmp_path)

    sent = await province.send_edoc(file, **{"from": "000.00.00.H28", "to": '["000.00.31.H28"]'})
    await network.arrived("H28.31", sent["DocId"])
    line = (await waiting(district))[-1]
    count = await district.call("countReceiveEdoc")
    got = await district.call("getEdoc", docId=line["docId"], filePath="xml")
    processing = await district.call("updateStatus", b"{}", docId=line["docId"], status="processing")
    done = await district.call("updateStatus", b"{}", docid=line["docId"], status="done")
    after = await district.call("getReceivedEdocList", servicetype="eDoc", messagetype="edoc")

    assert set(line) == LINE
    assert int(count["count"]) >= 1
    assert base64.b64decode(got["data"]) == file
    assert [one["status"] for one in (processing, done)] == ["OK", "OK"]
    assert line["docId"] not in [one["docId"] for one in after["data"]]
    states = await received_states(province, sent["DocId"])
    assert states == {"H28.31": "done"}
    # The sender's client still sends along what it sent before, and gets its answers all the same.
    assert (await province.call("getReceivedEdocList", servicetype="eDoc", messagetype="status"))["status"] == "OK"


async def received_states(endpoint: Endpoint, document: str) -> dict[str, str]:
    async with asyncio.timeout(30):
        while True:
            envelope = await endpoint.call("getSentEdocList", servicetype="eDoc", messagetype="edoc", docId=document)
            assert envelope["status"] == "OK", envelope
            assert all(set(line) == SENT for line in envelope["data"])
            states = {line["toCode"]: line["receiveStatus"] for line in envelope["data"]}
            if set(states.values()) <= {"done", "fail"}:
                return states
            await asyncio.sleep(0.05)


async def test_a_download_is_the_file_itself(
    network: WholeNetwork, province: Endpoint, district: Endpoint, tmp_path: Path
) -> None:
    file = package(network, "H28", ["H28.31"], folder=tmp_path)
    sent = await province.send_edoc(file, **{"from": "H28"})
    delivery = (await network.arrived("H28.31", sent["DocId"]))["delivery_id"]

    headers = district.client.headers({"docId": delivery, "filePath": "xml"})
    answer = await district.send("downloadEdoc", headers, b"", method="GET")

    assert (answer.status_code, answer.content) == (200, file)


async def test_what_enters_by_rest_leaves_here_and_the_other_way_round(
    network: WholeNetwork, province: Endpoint, tmp_path: Path
) -> None:
    by_rest = package(network, "H28.31", ["H28"], folder=tmp_path)
    by_sdk = package(network, "H28", ["H28.31"], folder=tmp_path)

    submitted = (await network.submit("H28.31", by_rest)).json()
    sent = await province.send_edoc(by_sdk, **{"from": "H28"})

    delivery = (await network.arrived("H28", submitted["id"]))["delivery_id"]
    assert base64.b64decode((await province.call("getEdoc", docId=delivery))["data"]) == by_rest
    assert (await network.arrived("H28.31", sent["DocId"]))["document"]["id"] == sent["DocId"]
    assert submitted["id"] != sent["DocId"]


async def test_a_status_of_the_sdk_reaches_the_sender(
    network: WholeNetwork, province: Endpoint, district: Endpoint
) -> None:
    status = captured("sendEdoc-status").body.removesuffix(b"\r\n")

    sent = await district.send_edoc(status, "status", **{"from": "000.00.31.H28"})

    delivery = (await network.arrived("H28", sent["DocId"]))["delivery_id"]
    assert delivery in [one["docId"] for one in await waiting(province, "status")]
    assert base64.b64decode((await province.call("getEdoc", docId=delivery))["data"]) == status


async def test_agencies_are_listed_in_the_three_forms(province: Endpoint, network: WholeNetwork) -> None:
    plain = (await province.call("getAgenciesList"))["data"]
    new = (await province.call("getAgenciesListQD20", level="2"))["data"]
    units = (await province.call("getSynchronizeUnit"))["data"]

    assert {"id": "H28.31", "pid": "H28", "code": "H28.31", "oldCode": "000.00.31.H28"}.items() <= next(
        one for one in plain if one["code"] == "H28.31"
    ).items()
    assert {one["code"] for one in new} == {"H28.31", "H28.02"}
    assert set(new[0]) == {"id", "code", "name", "mail", "code102"}
    assert set(units[0]) == {
        *("id", "pid", "code", "name", "mail"),
        *("version", "centerCode", "deleted", "modifyDate", "isAgency"),
    }
    assert len(plain) == len(units) == len(network.site.network.agencies)
    assert all(isinstance(value, str) for one in (*plain, *new, *units) for value in one.values())


async def test_a_container_leaves_as_edxml(network: WholeNetwork, district: Endpoint, tmp_path: Path) -> None:
    message, out = tmp_path / "message.edxml", tmp_path / "out.asice"
    message.write_bytes(package(network, "H28", ["H28.31"], folder=tmp_path))
    with out.open("w+b") as target:
        files = [ContainerFile(name="van-ban.edxml", path=message, media_type=EDXML)]
        build_container(files, target, key=key_of(network, "H28"), at=datetime.now(UTC))
    document = (await network.submit("H28", out.read_bytes(), media_type=ASICE)).json()
    delivery = (await network.arrived("H28.31", document["id"]))["delivery_id"]

    got = base64.b64decode((await district.call("getEdoc", docId=delivery))["data"])

    (tmp_path / "got.edxml").write_bytes(got)
    content = read_package(tmp_path / "got.edxml", EDXML).content
    assert [one.name for one in content.attachments] == [PDF_NAME]
