"""A client of tus, written out: every header as the protocol has it."""

import base64
from dataclasses import dataclass

import httpx

from lienthong.shared.edxml.media_types import EDXML
from tests.integration.exchange.carry.tree import Tree

HERE = "H28.31"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


def metadata(media_type: str = EDXML) -> str:
    return f"filetype {base64.b64encode(media_type.encode()).decode()},filename {base64.b64encode(b'a.edxml').decode()}"


@dataclass(frozen=True, kw_only=True)
class Tus:
    tree: Tree
    agency: str = HERE

    async def ask(self, method: str, path: str = "", body: bytes = b"", **headers: str) -> httpx.Response:
        sent = {**TUS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.tree.client(self.agency, node=HERE) as client:
            return await client.request(method, path or "/v1/uploads", content=body, headers=sent)

    async def begin(self, size: int) -> str:
        """The address of a new upload."""
        answer = await self.ask("POST", Upload_Length=str(size), Upload_Metadata=metadata())
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def send(self, url: str, data: bytes, *, offset: int, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", url, data, Content_Type=BYTES, Upload_Offset=str(offset), **headers)

    async def offset(self, url: str) -> int:
        return int((await self.ask("HEAD", url)).headers["upload-offset"])

    async def upload(self, data: bytes) -> str:
        """The address of a complete upload."""
        url = await self.begin(len(data))
        assert (await self.send(url, data, offset=0)).status_code == 204
        return url

    async def submit(self, url: str, *, sha256: str | None = None, **headers: str) -> httpx.Response:
        body = {"upload": url.rsplit("/", 1)[1]} | ({"sha256": sha256} if sha256 else {})
        async with self.tree.client(self.agency, node=HERE) as client:
            return await client.post("/v1/documents", json=body, headers=headers)
