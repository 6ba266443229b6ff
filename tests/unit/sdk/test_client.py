import hashlib
import json
from pathlib import Path

import pytest

from lienthong.sdk import LienthongClient, ProblemError
from lienthong.sdk.amending import Amended, How
from lienthong.sdk.errors import DownloadCorrupt, ServiceUnreachable
from lienthong.shared.clients.registry import TokenRefused
from lienthong.shared.edxml.media_types import EDXML
from tests.unit.sdk.fake_node import FakeNode


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def client(node: FakeNode) -> LienthongClient:
    return node.client()


async def test_submission_streams_a_file_and_tells_progress(client: LienthongClient, tmp_path: Path) -> None:
    package = tmp_path / "large.edxml"
    package.write_bytes(b"x" * 700_000)
    seen: list[tuple[int, int | None]] = []

    submission = await client.submit(package, media_type=EDXML, progress=lambda done, total: seen.append((done, total)))

    assert submission.package.sha256 == hashlib.sha256(package.read_bytes()).hexdigest()
    assert seen[-1] == (700_000, 700_000)
    assert len(seen) == 3


async def test_busy_node_is_asked_again_with_the_same_key_and_body(node: FakeNode, client: LienthongClient) -> None:
    node.busy = 2

    await client.submit(b"<edXML/>", media_type=EDXML)

    assert list(node.submissions.values()) == [b"<edXML/>"]
    assert node.requests == 3


async def test_same_package_twice_is_one_submission_unless_keys_differ(node: FakeNode, client: LienthongClient) -> None:
    await client.submit(b"<edXML/>", media_type=EDXML)
    await client.submit(b"<edXML/>", media_type=EDXML)
    assert list(node.submissions) == [f"sha256:{hashlib.sha256(b'<edXML/>').hexdigest()}"]

    await client.submit(b"<edXML/>", media_type=EDXML, idempotency_key="again")

    assert len(node.submissions) == 2


async def test_silence_after_all_attempts_is_one_clear_error(node: FakeNode, client: LienthongClient) -> None:
    node.online = False

    with pytest.raises(ServiceUnreachable, match="after 5 attempts"):
        await client.document("document-1")

    assert node.requests == 5


async def test_refusal_is_not_repeated_and_keeps_code_and_hop(node: FakeNode, client: LienthongClient) -> None:
    with pytest.raises(ProblemError) as raised:
        await client.document("nowhere")

    assert (raised.value.code, raised.value.status, raised.value.hop) == ("document-not-found", 404, "node:H28")
    assert node.requests == 1


async def test_reused_key_with_other_bytes_is_a_typed_conflict(client: LienthongClient) -> None:
    await client.submit(b"one", media_type=EDXML, idempotency_key="k")

    with pytest.raises(ProblemError) as raised:
        await client.submit(b"two", media_type=EDXML, idempotency_key="k")

    assert raised.value.code == "idempotency-key-reused"


async def test_documents_are_read_over_all_pages(node: FakeNode, client: LienthongClient) -> None:
    assert [document.id async for document in client.documents()] == node.document_ids


async def test_token_is_fetched_once_for_its_audience_and_renewed_when_refused(
    node: FakeNode, client: LienthongClient
) -> None:
    await client.submit(b"one", media_type=EDXML)
    await client.submit(b"two", media_type=EDXML)
    assert node.tokens_issued == ["urn:lienthong:node:H28"]

    node.valid_token = "another"
    await client.submit(b"three", media_type=EDXML)

    assert node.tokens_issued == ["urn:lienthong:node:H28"] * 2


async def test_wrong_secret_is_told_as_such(node: FakeNode) -> None:
    client = node.client(client_secret="wrong")

    with pytest.raises(TokenRefused, match="Nói rõ"):
        await client.document("document-1")


async def test_broken_download_resumes_where_it_broke(node: FakeNode, client: LienthongClient, tmp_path: Path) -> None:
    node.break_after_bytes = 3000

    digest = await client.download_package("document-1", tmp_path / "package")

    assert node.ranges == ["bytes=3000-"]
    assert (tmp_path / "package").read_bytes() == node.package
    assert digest == hashlib.sha256(node.package).hexdigest()


async def test_download_with_another_digest_leaves_no_file(
    node: FakeNode, client: LienthongClient, tmp_path: Path
) -> None:
    node.corrupt = True

    with pytest.raises(DownloadCorrupt):
        await client.download_package("document-1", tmp_path / "package")

    assert list(tmp_path.iterdir()) == []


async def test_a_new_start_goes_on_with_what_the_last_one_left(
    node: FakeNode, client: LienthongClient, tmp_path: Path
) -> None:
    (tmp_path / "package.part").write_bytes(node.package[:3000])
    digest = hashlib.sha256(node.package).hexdigest()

    await client.download_package("document-1", tmp_path / "package", sha256=digest)

    assert node.ranges == ["bytes=3000-"]
    assert (tmp_path / "package").read_bytes() == node.package
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


@pytest.mark.parametrize("left", [b"other bytes", b"x" * 100_000], ids=["other-bytes", "more-than-there-is"])
async def test_what_was_left_of_something_else_is_downloaded_anew(
    node: FakeNode, client: LienthongClient, tmp_path: Path, left: bytes
) -> None:
    (tmp_path / "package.part").write_bytes(left)
    digest = hashlib.sha256(node.package).hexdigest()

    await client.download_package("document-1", tmp_path / "package", sha256=digest)

    assert (tmp_path / "package").read_bytes() == node.package


async def test_what_is_there_already_is_not_downloaded_again(
    node: FakeNode, client: LienthongClient, tmp_path: Path
) -> None:
    (tmp_path / "package").write_bytes(node.package)
    (tmp_path / "other.part").write_bytes(node.package)
    digest = hashlib.sha256(node.package).hexdigest()

    for name in ("package", "other"):
        await client.download_package("document-1", tmp_path / name, sha256=digest)

    assert node.requests == 0
    assert (tmp_path / "other").read_bytes() == node.package


async def test_evidence_file_is_downloaded_whole(node: FakeNode, client: LienthongClient, tmp_path: Path) -> None:
    seen: list[int] = []

    digest = await client.download_evidence("document-1", tmp_path / "e", progress=lambda done, _: seen.append(done))

    assert (tmp_path / "e").read_bytes() == node.package
    assert digest == hashlib.sha256(node.package).hexdigest()
    assert seen[-1] == len(node.package)


async def test_recalls_updates_and_replacements_name_the_document_that_was_sent(
    node: FakeNode, client: LienthongClient
) -> None:
    await client.recall("d-1", "Gửi nhầm", recipients=["H28.31"], sign=False)
    await client.submit(b"<edXML/>", media_type=EDXML, amends=Amended(document_id="d-1", how=How.UPDATE))
    await client.submit(b"<edXML>2</edXML>", media_type=EDXML, amends=Amended(document_id="d-1", how=How.REPLACE))

    (recall, *packages) = node.asked
    assert (recall[0], recall[1]) == ("/v1/documents/d-1/recall", "sign=false")
    assert json.loads(recall[2]) == {"reason": "Gửi nhầm", "recipients": ["H28.31"]}
    assert [(path, body) for path, _, body in packages] == [
        ("/v1/documents/d-1/update", b"<edXML/>"),
        ("/v1/documents/d-1/replace", b"<edXML>2</edXML>"),
    ]


async def test_each_recall_without_a_key_asks_anew(node: FakeNode, client: LienthongClient) -> None:
    for _ in range(2):
        await client.recall("d-1", "Gửi nhầm")

    assert len(node.submissions) == 2
