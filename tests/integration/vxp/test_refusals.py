"""Every failure is an envelope with a code and a sentence that the SDK can read, and reveals nothing."""

from pathlib import Path

import httpx
import pytest

from tests.integration.acceptance.letters import package
from tests.integration.acceptance.whole_network import WholeNetwork, assert_reveals_nothing
from tests.integration.vxp.conftest import Endpoint
from tests.support.vxp import SDKClient, file_hash

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOWHERE = "01900000-0000-7000-8000-000000000000"


def assert_fails(answer: httpx.Response, code: str, *, status: int = 200) -> str:
    envelope = answer.json()
    assert (answer.status_code, envelope["status"], envelope["ErrorCode"]) == (status, "FAIL", code), answer.text
    assert all(isinstance(value, str) for value in envelope.values())
    assert_reveals_nothing(answer)
    sentence: str = envelope["ErrorDesc"]
    assert len(sentence) > 15
    return sentence


async def test_a_wrong_secret_fails_and_sendedoc_still_has_a_docid(province: Endpoint) -> None:
    stranger = SDKClient(secret="not-the-secret-at-all")

    answer = await province.send("sendEdoc", stranger.headers({"hash-file": ""}), b"")

    assert_fails(answer, "15")
    assert answer.json()["DocId"] == ""


async def test_a_system_of_another_node_is_unknown_here(province: Endpoint, district: Endpoint) -> None:
    answer = await province.send("getReceivedEdocList", district.client.headers({}), b"")

    assert_fails(answer, "15")


async def test_a_header_that_the_sdk_destroyed_is_explained(province: Endpoint) -> None:
    sentence = assert_fails(await province.replay("same-client-3-updateStatus-vietnamese"), "15")

    assert "XroadVnpt-description" in sentence


async def test_an_altered_header_fails(province: Endpoint) -> None:
    headers = province.client.headers({"docId": NOWHERE, "status": "done"})
    altered = [(name, "fail" if name == "XroadVnpt-status" else value) for name, value in headers]

    assert_fails(await province.send("updateStatus", altered, b"{}"), "21")


@pytest.mark.parametrize("claimed", ["0" * 64, "", "xyz", file_hash(b"another file")])
async def test_a_file_with_another_hash_fails(province: Endpoint, claimed: str) -> None:
    headers = province.client.headers({"hash-file": claimed, "from": "H28"}, content_type="application/octet-stream")

    answer = await province.send("sendEdoc", headers, b"<edXML/>\r\n")

    assert_fails(answer, "10")
    assert answer.json()["DocId"] == ""


async def test_a_file_that_is_no_edxml_fails(province: Endpoint) -> None:
    for file in (b"", b"%PDF-1.4", b"<edXML", b"PK\x03\x04 no container"):
        envelope = await province.send_edoc(file, **{"from": "H28"})
        assert (envelope["status"], envelope["ErrorCode"], envelope["DocId"]) == ("FAIL", "22", "")


async def test_a_receiver_that_nobody_has_fails(network: WholeNetwork, province: Endpoint, tmp_path: Path) -> None:
    envelope = await province.send_edoc(package(network, "H28", ["H99.99"], folder=tmp_path), **{"from": "H28"})

    assert (envelope["ErrorCode"], envelope["DocId"]) == ("18", "")


async def test_a_sender_that_the_system_does_not_act_for_fails(
    network: WholeNetwork, province: Endpoint, tmp_path: Path
) -> None:
    envelope = await province.send_edoc(package(network, "H28.31", ["G22"], folder=tmp_path), **{"from": "H28.31"})

    assert (envelope["ErrorCode"], envelope["DocId"]) == ("19", "")


@pytest.mark.parametrize("named", [NOWHERE, "../../etc/passwd", "", "doc-1"])
async def test_a_document_that_is_not_there_fails(province: Endpoint, named: str) -> None:
    headers = province.client.headers({"docId": named, "status": "done"})

    assert_fails(await province.send("getEdoc", headers, b""), "21")
    assert_fails(await province.send("updateStatus", headers, b"{}"), "21")
    assert_fails(await province.send("getSentEdocList", headers, b""), "21")


async def test_a_download_that_fails_cannot_pass_for_a_document(province: Endpoint) -> None:
    headers = province.client.headers({"docId": NOWHERE, "filePath": "xml"})

    answer = await province.send("downloadEdoc", headers, b"", method="GET")

    assert_fails(answer, "21", status=404)


async def test_a_document_of_others_does_not_exist(
    network: WholeNetwork, province: Endpoint, district: Endpoint, tmp_path: Path
) -> None:
    sent = await province.send_edoc(package(network, "H28", ["G22"], folder=tmp_path), **{"from": "H28"})
    headers = district.client.headers({"docId": sent["DocId"], "status": "done"})

    for operation in ("getEdoc", "getSentEdocList", "updateStatus"):
        assert_fails(await district.send(operation, headers, b""), "21")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("getReceivedEdocList", {"messagetype": "memo"}),
        ("getReceivedEdocList", {"pageSize": "many"}),
        ("getReceivedEdocList", {"fromDate": "1/1"}),
        ("getAgenciesListQD20", {"level": "all"}),
        ("updateStatus", {"status": "initial", "docId": NOWHERE}),
        ("noSuchOperation", {}),
    ],
)
async def test_a_wish_that_cannot_be_met_fails(province: Endpoint, operation: str, parameters: dict[str, str]) -> None:
    assert (await province.call(operation, b"", **parameters))["status"] == "FAIL"


@pytest.mark.parametrize("name", ["registerAgency", "deleteAgency"])
async def test_agencies_are_not_changed_by_this_door(province: Endpoint, name: str) -> None:
    assert "registry" in assert_fails(await province.replay(name), "20")


async def test_a_list_that_fails_is_never_empty(province: Endpoint) -> None:
    answer = await province.send("getReceivedEdocList", [], b"")

    assert_fails(answer, "21")
