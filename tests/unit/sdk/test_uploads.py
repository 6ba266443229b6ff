"""Large packages go up over tus: on after a break, after a new start, and from the beginning when the node forgot."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from lienthong.sdk import ClientOptions, ClientSecret, LienthongClient
from lienthong.sdk.errors import ProblemError
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import NodeId
from tests.unit.sdk.fake_node import NODE, REGISTRY, FakeNode

PACKAGE = bytes(range(256)) * 1_000


class TusNode(FakeNode):
    """A node that takes uploads; breaks each PATCH off after ``gives`` bytes, ``breaks`` times."""

    def __init__(self) -> None:
        super().__init__()
        self.uploads: dict[str, bytes] = {}
        self.begun = 0
        self.breaks, self.gives = 0, 100_000
        self.offsets: list[int] = []
        self.busy_patches = 0

    def uploader(self, folder: Path | None) -> LienthongClient:
        options = ClientOptions(
            first_pause=timedelta(milliseconds=1), upload_from_bytes=1_000, uploads_folder=folder, attempts=3
        )
        secret = ClientSecret(client_id="e-office", secret=SecretStr("secret"))
        http = httpx.AsyncClient(transport=self)
        return LienthongClient(NODE, REGISTRY, secret, node=NodeId("H28"), options=options, http=http)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/v1/uploads"):
            return await super().handle_async_request(request)
        assert request.headers["tus-resumable"] == "1.0.0"
        name = request.url.path.rpartition("/")[2]
        if request.method == "POST":
            return self._begin(request)
        if name not in self.uploads:
            return httpx.Response(404)
        if request.method == "PATCH":
            return await self._patch(name, request)
        return httpx.Response(200, headers={"Upload-Offset": str(len(self.uploads[name]))})

    def _begin(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["upload-length"] == str(len(PACKAGE))
        assert request.headers["upload-metadata"] == "filetype YXBwbGljYXRpb24vZWR4bWwreG1s"
        self.begun += 1
        self.uploads[f"u{self.begun}"] = b""
        return httpx.Response(201, headers={"Location": f"/v1/uploads/u{self.begun}"})

    async def _patch(self, name: str, request: httpx.Request) -> httpx.Response:
        offset = int(request.headers["upload-offset"])
        self.offsets.append(offset)
        if self.busy_patches:
            self.busy_patches -= 1
            return httpx.Response(423)
        assert offset == len(self.uploads[name])
        body = b"".join([piece async for piece in request.stream])  # type: ignore[union-attr]
        if self.breaks:
            self.breaks -= 1
            self.uploads[name] += body[: self.gives]
            raise httpx.WriteError("broken off", request=request)
        self.uploads[name] += body
        return httpx.Response(204, headers={"Upload-Offset": str(len(self.uploads[name]))})


@pytest.fixture
def node() -> TusNode:
    return TusNode()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "giant.edxml"
    path.write_bytes(PACKAGE)
    return path


def _submitted(node: TusNode) -> list[dict[str, str]]:
    return [json.loads(body) for body in node.submissions.values()]


async def test_a_large_package_is_uploaded_and_named_with_its_digest(node: TusNode, package: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    await node.uploader(None).submit(package, media_type=EDXML, progress=lambda *at: seen.append(at))

    digest = hashlib.sha256(PACKAGE).hexdigest()
    assert node.uploads == {"u1": PACKAGE}
    assert _submitted(node) == [{"upload": "u1", "sha256": digest}]
    assert list(node.submissions) == [f"sha256:{digest}"]
    assert seen[-1] == (len(PACKAGE), len(PACKAGE))


async def test_a_broken_upload_goes_on_where_the_node_stands_as_often_as_it_makes_progress(
    node: TusNode, package: Path
) -> None:
    node.breaks, node.gives = 5, 40_000

    await node.uploader(None).submit(package, media_type=EDXML)

    assert node.offsets == [0, 40_000, 80_000, 120_000, 160_000, 200_000]
    assert node.uploads == {"u1": PACKAGE}


async def test_a_new_start_goes_on_where_the_last_one_was_broken_off(
    node: TusNode, package: Path, tmp_path: Path
) -> None:
    memory = tmp_path / "uploads"
    node.busy_patches = 100
    with pytest.raises(ProblemError):
        await node.uploader(memory).submit(package, media_type=EDXML)
    node.uploads["u1"] = PACKAGE[:70_000]
    node.busy_patches, node.offsets = 0, []

    await node.uploader(memory).submit(package, media_type=EDXML)

    assert (node.begun, node.offsets) == (1, [70_000])
    assert node.uploads == {"u1": PACKAGE}
    assert list(memory.iterdir()) == []


async def test_an_upload_that_the_node_forgot_is_begun_anew(node: TusNode, package: Path, tmp_path: Path) -> None:
    memory = tmp_path / "uploads"
    node.busy_patches = 100
    with pytest.raises(ProblemError):
        await node.uploader(memory).submit(package, media_type=EDXML)
    node.uploads.clear()
    node.busy_patches = 0

    await node.uploader(memory).submit(package, media_type=EDXML)

    assert node.uploads == {"u2": PACKAGE}


async def test_another_package_is_another_upload(node: TusNode, package: Path, tmp_path: Path) -> None:
    memory = tmp_path / "uploads"
    node.busy_patches = 100
    with pytest.raises(ProblemError):
        await node.uploader(memory).submit(package, media_type=EDXML)
    node.busy_patches = 0
    package.write_bytes(PACKAGE[::-1])

    await node.uploader(memory).submit(package, media_type=EDXML)

    assert node.uploads["u2"] == PACKAGE[::-1]


async def test_an_upload_that_is_in_use_is_tried_again(node: TusNode, package: Path) -> None:
    node.busy_patches = 2

    await node.uploader(None).submit(package, media_type=EDXML)

    assert node.uploads == {"u1": PACKAGE}


async def test_a_small_package_needs_no_upload(node: TusNode, tmp_path: Path) -> None:
    small = tmp_path / "small.edxml"
    small.write_bytes(b"<edXML/>")

    await node.uploader(None).submit(small, media_type=EDXML)

    assert (node.begun, list(node.submissions.values())) == (0, [b"<edXML/>"])
