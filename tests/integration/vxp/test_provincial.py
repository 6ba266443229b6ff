"""Provincial front ends' interfaces: the same documents, with a secret in a header or with a token."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.integration.acceptance.letters import package
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem, assert_reveals_nothing
from tests.integration.vxp.conftest import DISTRICT_SECRET, DISTRICT_SYSTEM
from tests.support.vxp import SECRET, SYSTEM_ID, file_hash

pytestmark = pytest.mark.asyncio(loop_scope="session")
PROVINCE = {"X-SystemId": SYSTEM_ID, "X-SecretKey": SECRET}
DISTRICT = {"X-SystemId": DISTRICT_SYSTEM, "X-SecretKey": DISTRICT_SECRET}


async def called(
    network: WholeNetwork, node: str, operation: str, headers: dict[str, str], **arguments: Any
) -> dict[str, Any]:
    answer = await network.http.post(f"{network.url(node)}/v1/{operation}", headers=headers, **arguments)
    assert answer.status_code == 200
    assert_reveals_nothing(answer)
    envelope: dict[str, Any] = answer.json()
    return envelope


async def test_a_round_with_a_secret_in_a_header(network: WholeNetwork, tmp_path: Path) -> None:
    file = package(network, "H28", ["H28.31"], folder=tmp_path)

    sent = await called(network, "H28", "sendEdoc", PROVINCE, files={"file_doc": ("van-ban.edxml", file)})
    named = {"docId": (await network.arrived("H28.31", sent["DocId"]))["delivery_id"]}
    listed = await called(network, "H28.31", "syncReceivedEdocList", DISTRICT, params={"messagetype": "edoc"})
    got = await called(network, "H28.31", "getEdoc", DISTRICT | named)
    done = await called(network, "H28.31", "updateStatus", DISTRICT, params=named | {"status": "done"})

    assert named["docId"] in [one["docId"] for one in listed["data"]]
    assert base64.b64decode(got["data"]) == file
    assert (done["status"], done["ErrorCode"]) == ("OK", "0")


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-SystemId": SYSTEM_ID}, PROVINCE | {"X-SecretKey": "wrong"}, DISTRICT, {"X-SecretKey": SECRET}],
    ids=["nothing", "no-secret", "wrong-secret", "of-another-node", "no-system"],
)
async def test_whoever_has_not_the_secret_is_refused(network: WholeNetwork, headers: dict[str, str]) -> None:
    for operation in ("sendEdoc", "syncReceivedEdocList", "getEdoc", "updateStatus"):
        envelope = await called(network, "H28", operation, headers)
        assert (envelope["status"], envelope["ErrorCode"]) == ("FAIL", "15")


async def test_a_file_with_another_hash_is_refused(network: WholeNetwork) -> None:
    headers = PROVINCE | {"hash-file": file_hash(b"another file")}

    envelope = await called(network, "H28", "sendEdoc", headers, files={"file_doc": b"<edXML/>"})

    assert (envelope["ErrorCode"], envelope["DocId"]) == ("10", "")


async def test_a_round_with_a_token(network: WholeNetwork, tmp_path: Path) -> None:
    file = package(network, "H28.31", ["H28"], folder=tmp_path)

    sent = (await network.call("H28.31", "POST", "/vanbans", content=base64.b64encode(file))).json()
    again = (await network.call("H28.31", "POST", "/vanbans", content=base64.encodebytes(file))).json()
    delivery = (await network.arrived("H28", sent["DocId"]))["delivery_id"]
    listed = (await network.call("H28", "GET", "/vanbans", params={"status": "INITIAL"})).json()
    got = (await network.call("H28", "GET", f"/vanbans/{delivery}")).json()
    processing = (await network.call("H28", "PUT", f"/vanbans/{delivery}?status=PROCESSING")).json()
    done = (await network.call("H28", "PUT", f"/vanbans/{delivery}?status=DONE")).json()

    assert again == sent
    assert delivery in [one["docId"] for one in listed["data"]]
    assert base64.b64decode(got["data"]) == file
    assert [one["status"] for one in (processing, done)] == ["OK", "OK"]


async def test_errors_with_a_token_are_problems(network: WholeNetwork) -> None:
    delivery = "01900000-0000-7000-8000-000000000000"

    unknown = await network.call("H28", "PUT", f"/vanbans/{delivery}?status=DONE")
    word = await network.call("H28", "GET", "/vanbans?status=READ")
    body = await network.call("H28", "POST", "/vanbans", content=b"no base64!")
    nobody = await network.http.get(f"{network.url('H28')}/vanbans")

    assert_problem(unknown, 404, "delivery-not-found", hop="H28")
    assert_problem(word, 400, "vxp-parameter-invalid", hop="H28")
    assert_problem(body, 400, "edxml-bad-base64", hop="H28")
    assert_problem(nobody, 401, "token-missing", hop="H28")
